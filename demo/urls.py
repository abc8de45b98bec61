"""Addresses of the demo's own page."""

from django.urls import URLPattern, URLResolver, path

from demo import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.demo, name="demo"),
    path("hurt/", views.hurt, name="demo-hurt"),
]
