"""The admin site goes through the same actions, and cannot move what gates read."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from core.models import AuditEntry, Environment, User
from flags.models import Flag, FlagKey


@pytest.fixture
def engineer(emil: User, browser_of: Callable[[User], Client]) -> Client:
    emil.is_staff = emil.is_superuser = True
    emil.save()
    return browser_of(emil)


def test_words_change_and_nothing_else(typo: Flag, engineer: Client) -> None:
    address = f"/admin/flags/flag/{typo.pk}/change/"
    words = {"name": "Typos", "description": "", "owner": "", "kind": "ops", "tags": "search", "expected_removal": ""}
    sent = {**words, "claim": "release:1", "seed": "x"}
    assert engineer.post(address, sent).status_code == 302
    typo.refresh_from_db()
    assert (typo.name, typo.kind, typo.tags, typo.claim, typo.owner) == ("Typos", "ops", ["search"], "", None)
    assert typo.seed != "x"
    assert AuditEntry.objects.filter(action="flag_described", subject=f"flag:{typo.pk}").exists()


FACTS = ["flag", "flagstate", "flagset", "flagversion", "plannedchange", "segment", "servingprocess"]


@pytest.mark.parametrize("model", FACTS)
def test_facts_are_listed_but_not_added(typo: Flag, engineer: Client, model: str) -> None:
    assert engineer.get(f"/admin/flags/{model}/").status_code == 200
    assert engineer.get(f"/admin/flags/{model}/add/").status_code == 403


def test_a_key_is_issued_shown_once_and_revoked(production: Environment, engineer: Client) -> None:
    sent = {"environment": production.pk, "kind": "server", "name": "checkout"}
    page = engineer.post("/admin/flags/flagkey/add/", sent, follow=True).content.decode()
    found = re.search(r"slf_s_[\w-]+", page)
    row = FlagKey.objects.get()
    assert found and row.digest == FlagKey.hash(found[0])
    assert found[0] not in engineer.get("/admin/flags/flagkey/").content.decode()
    engineer.post("/admin/flags/flagkey/", {"action": "revoke", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert AuditEntry.objects.filter(subject=f"flagkey:{row.pk}").count() == 2


def test_staff_without_a_role_in_the_product_issues_no_key(
    production: Environment, otto: User, browser_of: Callable[[User], Client]
) -> None:
    otto.is_staff = otto.is_superuser = True
    otto.save()
    sent = {"environment": production.pk, "kind": "server", "name": "checkout"}
    page = browser_of(otto).post("/admin/flags/flagkey/add/", sent, follow=True).content.decode()
    assert "Not done." in page and not FlagKey.objects.exists()
