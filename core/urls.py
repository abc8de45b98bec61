"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from core.views import accounts, elements, health, places, record, stream, today

urlpatterns: list[URLPattern | URLResolver] = [
    path("", today.page, name="today"),
    path("elements/", elements.page, name="elements"),
    path("healthz", health.health, name="healthz"),
    path("audit/", record.page, name="audit"),
    path("audit/verify/", record.verify, name="audit-verify"),
    path("look-at/", places.switch, name="look-at"),
    path("live/", stream.stream, name="live"),
    path("login/", accounts.login, name="login"),
    path("logout/", accounts.logout, name="logout"),
    path("me/", accounts.me, name="me"),
    path("me/theme/", accounts.theme, name="theme"),
    path("password/", accounts.password_reset, name="password_reset"),
    path("password/sent/", accounts.password_reset_done, name="password_reset_done"),
    path("password/<uidb64>/<token>/", accounts.password_reset_confirm, name="password_reset_confirm"),
    path("password/changed/", accounts.password_reset_complete, name="password_reset_complete"),
]
