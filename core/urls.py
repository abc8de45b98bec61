"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from core.views import accounts, elements, health, me, places, product_forms, products, record, stream, today

urlpatterns: list[URLPattern | URLResolver] = [
    path("", today.page, name="today"),
    path("elements/", elements.page, name="elements"),
    path("waiting/", today.counts, name="waiting"),
    path("healthz", health.health, name="healthz"),
    path("audit/", record.page, name="audit"),
    path("audit/verify/", record.verify, name="audit-verify"),
    path("look-at/", places.switch, name="look-at"),
    path("live/", stream.stream, name="live"),
    path("login/", accounts.login, name="login"),
    path("logout/", accounts.logout, name="logout"),
    path("products/", products.products, name="products"),
    path("products/new/", products.new, name="product-new"),
    path("products/<slug:slug>/", products.product, name="product"),
    path("products/<slug:slug>/change/", product_forms.change, name="product-change"),
    path("products/<slug:slug>/people/", product_forms.add_person, name="person-add"),
    path("products/<slug:slug>/people/<int:user_id>/roles/", product_forms.grant, name="role-grant"),
    path("products/<slug:slug>/roles/<int:role_id>/revoke/", product_forms.revoke, name="role-revoke"),
    path("products/<slug:slug>/teams/", product_forms.add_team, name="team-add"),
    path("products/<slug:slug>/teams/<int:team_id>/join/", product_forms.join, name="team-join"),
    path("products/<slug:slug>/teams/<int:team_id>/<int:user_id>/leave/", product_forms.leave, name="team-leave"),
    path("products/<slug:slug>/environments/", product_forms.add_environment, name="environment-add"),
    path("products/<slug:slug>/tokens/", product_forms.issue_token, name="token-issue"),
    path("products/<slug:slug>/tokens/<int:token_id>/revoke/", product_forms.revoke_token, name="token-revoke"),
    path("me/", me.me, name="me"),
    path("me/password/", me.password, name="password-change"),
    path("me/sessions/", me.end_sessions, name="sessions-end"),
    path("me/theme/", me.theme, name="theme"),
    path("password/", accounts.password_reset, name="password_reset"),
    path("password/sent/", accounts.password_reset_done, name="password_reset_done"),
    path("password/<uidb64>/<token>/", accounts.password_reset_confirm, name="password_reset_confirm"),
    path("password/changed/", accounts.password_reset_complete, name="password_reset_complete"),
]
