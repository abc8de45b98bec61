"""The admin site: facts are looked at, the rest is on the record, roles and teams change by their actions."""

import re
from collections.abc import Callable

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client

from core.admin import FactAdmin
from core.models import ApiToken, AuditEntry, Environment, Product, User
from core.models.base import AppendOnly

Browser = Callable[[User], Client]


@pytest.fixture
def site(rhea: User, browser_of: Browser) -> Client:
    """Signed in as a superuser."""
    rhea.is_staff = rhea.is_superuser = True
    rhea.save()
    return browser_of(rhea)


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model._meta.label)
def test_every_list_opens_and_can_be_searched(site: Client, model: type[models.Model]) -> None:
    address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    assert site.get(address).status_code == 200
    assert site.get(f"{address}?q=search").status_code == 200


@pytest.mark.parametrize(
    "model", [one for one in admin.site._registry if issubclass(one, AppendOnly)], ids=lambda model: model._meta.label
)
def test_p7_facts_are_read_only_here_too(site: Client, model: type[models.Model]) -> None:
    assert isinstance(admin.site._registry[model], FactAdmin)
    assert site.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/add/").status_code == 403


def last() -> AuditEntry:
    found = AuditEntry.objects.order_by("-pk").first()
    assert found
    return found


def test_a_role_is_granted_and_revoked_on_the_record(site: Client, storefront: Product, emil: User) -> None:
    site.post("/admin/core/role/add/", {"product": storefront.pk, "user": emil.pk, "kind": "tester"})
    assert (last().action, last().subject, last().data["kind"]) == ("role_granted", f"person:{emil.pk}", "tester")
    role = emil.roles.get(kind="tester")
    site.post(f"/admin/core/role/{role.pk}/delete/", {"post": "yes"})
    assert last().action == "role_revoked"
    assert not emil.roles.filter(kind="tester").exists()


def test_a_team_is_joined_and_left_on_the_record(site: Client, storefront: Product, emil: User, quinn: User) -> None:
    team = storefront.teams.get(name="QA")
    form = {"product": storefront.pk, "name": "QA", "members": [emil.pk]}
    assert site.post(f"/admin/core/team/{team.pk}/change/", form).status_code == 302
    assert list(team.members.all()) == [emil]
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", "subject"))
    assert actions[-2:] == [("team_left", f"person:{quinn.pk}"), ("team_joined", f"person:{emil.pk}")]


def test_a_change_is_recorded_by_field_never_by_value(site: Client, emil: User) -> None:
    page = f"/admin/core/user/{emil.pk}/change/"
    form = {"email": emil.email, "name": "Emil Secret", "timezone": "UTC", "theme": "dark", "is_active": "on"}
    assert site.post(page, form).status_code == 302
    assert last().stream_id == f"person:{emil.pk}"
    assert {"name", "theme", "timezone"} <= set(last().data["fields"])
    assert "Secret" not in str(last().data)


def test_a_token_is_shown_once_and_can_be_revoked(site: Client, storefront: Product, emil: User) -> None:
    form = {"product": storefront.pk, "user": emil.pk, "name": "ci"}
    shown = site.post("/admin/core/apitoken/add/", form, follow=True).text
    token = ApiToken.objects.get()
    key = shown[shown.index("slw_") :].split("<")[0].strip()
    assert ApiToken.hash(key) == token.digest
    assert key not in site.get("/admin/core/apitoken/").text
    site.post("/admin/core/apitoken/", {"action": "revoke", "_selected_action": [token.pk]})
    token.refresh_from_db()
    assert token.revoked_at and last().action == "token_revoked"


def test_nobody_is_deleted_and_staff_cannot_make_themselves_more(site: Client, emil: User, browser_of: Browser) -> None:
    assert site.post(f"/admin/core/user/{emil.pk}/delete/", {"post": "yes"}).status_code == 403
    emil.is_staff = True
    emil.save()
    assert browser_of(emil).post(f"/admin/core/user/{emil.pk}/change/", {"is_superuser": "on"}).status_code == 403


def test_without_the_right_nothing_is_saved(site: Client, storefront: Product, emil: User) -> None:
    before = AuditEntry.objects.count()
    form = {"product": storefront.pk, "name": "QA", "members": [emil.pk]}
    team = storefront.teams.get(name="QA")
    User.objects.filter(is_superuser=True).update(is_superuser=False)
    assert site.post(f"/admin/core/team/{team.pk}/change/", form).status_code == 403
    assert AuditEntry.objects.count() == before


def test_a_password_set_for_somebody_is_on_the_record(site: Client, bea: User) -> None:
    new = {"password1": "another-slipway-17", "password2": "another-slipway-17", "usable_password": "true"}
    answer = site.post(f"/admin/core/user/{bea.pk}/password/", {**new, "set-password": "1"})
    assert answer.status_code == 302
    bea.refresh_from_db()
    assert bea.check_password("another-slipway-17")
    assert (last().stream_id, last().data["fields"]) == (f"person:{bea.pk}", ["password"])


def test_p1_a_place_does_not_become_production_or_another_products_there(
    site: Client, storefront: Product, staging: Environment, production: Environment
) -> None:
    other = Product.objects.create(name="Back office", slug="back-office")
    form = {"product": other.pk, "name": "new name", "slug": "place", "order": 1}
    site.post(f"/admin/core/environment/{production.pk}/change/", form)
    site.post(f"/admin/core/environment/{staging.pk}/change/", {**form, "slug": "other", "is_production": "on"})
    kept = [(row.product, row.name, row.is_production) for row in storefront.environments.order_by("order", "pk")]
    assert sorted(row[2] for row in kept) == [False, True]
    assert {row[:2] for row in kept} == {(storefront, "new name")}
    assert Environment.objects.get(pk=production.pk).is_production
    assert site.post(f"/admin/core/environment/{staging.pk}/delete/", {"post": "yes"}).status_code == 403


def test_p1_a_team_stays_with_its_product(site: Client, storefront: Product, quinn: User) -> None:
    other = Product.objects.create(name="Back office", slug="back-office")
    team = storefront.teams.get(name="QA")
    site.post(f"/admin/core/team/{team.pk}/change/", {"product": other.pk, "name": "QA", "members": [quinn.pk]})
    team.refresh_from_db()
    assert team.product == storefront


@pytest.mark.parametrize("theme", ["system", "light", "dark"])
def test_the_admin_site_wears_the_house_and_keeps_to_its_policy(rhea: User, browser_of: Browser, theme: str) -> None:
    rhea.is_staff = rhea.is_superuser = True
    rhea.theme = theme
    rhea.save()
    for address in ("/admin/", "/admin/core/user/", f"/admin/core/user/{rhea.pk}/change/"):
        shown = browser_of(rhea).get(address).text
        assert "css/admin" in shown and "css/tokens" in shown and "dark_mode.css" not in shown
        assert f"theme-{theme}" in shown and "Back to Slipway" in shown
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)(?![^>]*json)", shown), address
