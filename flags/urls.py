"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from flags import product_views, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("flags/", views.flags, name="flags"),
    path("flags/new/", views.flag_new, name="flag-new"),
    path("products/<slug:slug>/flag-keys/", product_views.issue, name="flag-key-issue"),
    path("products/<slug:slug>/flag-keys/<int:key_id>/revoke/", product_views.revoke, name="flag-key-revoke"),
    path("flags/<slug:product>/<slug:key>/", views.flag, name="flag"),
    path("flags/<slug:product>/<slug:key>/<slug:environment>/kill/", views.flag_kill, name="flag-kill"),
    path("flags/<slug:product>/<slug:key>/<slug:environment>/enable/", views.flag_enable, name="flag-enable"),
    path("flags/<slug:product>/<slug:key>/<slug:environment>/weight/", views.flag_weight, name="flag-weight"),
]
