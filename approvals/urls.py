"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from approvals import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("approve/<int:pk>/", views.approve, name="approve"),
    path("approve/<int:pk>/revoke/", views.revoke, name="approve-revoke"),
    path("releases/<int:pk>/submit/", views.submit, name="release-submit"),
    path("checklist/<int:pk>/tick/", views.tick, name="checklist-tick"),
]
