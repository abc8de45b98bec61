"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from flags import product_views
from flags.views import changes, flag, new
from flags.views import list as lists

urlpatterns: list[URLPattern | URLResolver] = [
    path("flags/", lists.flags, name="flags"),
    path("flags/new/", new.flag_new, name="flag-new"),
    path("products/<slug:slug>/flag-keys/", product_views.issue, name="flag-key-issue"),
    path("products/<slug:slug>/flag-keys/<int:key_id>/revoke/", product_views.revoke, name="flag-key-revoke"),
    path("flags/<slug:product>/<slug:key>/", flag.flag, name="flag"),
    path("flags/<slug:product>/<slug:key>/<slug:environment>/kill/", changes.flag_kill, name="flag-kill"),
    path("flags/<slug:product>/<slug:key>/<slug:environment>/enable/", changes.flag_enable, name="flag-enable"),
    path("flags/<slug:product>/<slug:key>/<slug:environment>/weight/", changes.flag_weight, name="flag-weight"),
]
