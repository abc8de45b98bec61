"""The flag pages as people see and press them."""

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from core.models import AuditEntry, Environment, User
from flags import actions
from flags.models import Flag, FlagKey
from tests.flags.conftest import HOLDER, state_of
from tests.flags.typed import typed

BrowserOf = Callable[[User], Client]
PAGE = "/flags/storefront/search-typo/"


def test_an_outsider_sees_no_flag_and_presses_nothing(
    typo: Flag, production: Environment, otto: User, browser_of: BrowserOf
) -> None:
    outsider = browser_of(otto)
    assert "search-typo" not in outsider.get("/flags/").content.decode()
    assert outsider.get(PAGE).status_code == 404
    for verb in ("kill", "enable", "weight"):
        assert outsider.post(f"{PAGE}production/{verb}/", {"percent": "5"}).status_code == 404
    assert state_of(typo, production).enabled


def test_a_tester_reads_but_may_not_press(
    typo: Flag, production: Environment, tomas: User, browser_of: BrowserOf
) -> None:
    page = browser_of(tomas).get(PAGE)
    assert page.status_code == 200 and b"Turn off for all" not in page.content
    assert browser_of(tomas).post(f"{PAGE}production/kill/").status_code == 403
    assert state_of(typo, production).enabled


def test_p2_the_kill_switch_is_one_press_and_loud(
    claimed: Flag, production: Environment, rhea: User, browser_of: BrowserOf
) -> None:
    actions.move(flag=claimed, environment=production, weight=25_000, build="", claim=HOLDER, fence=1)
    rheas = browser_of(rhea)
    assert "Turn off for all" in rheas.get(PAGE).content.decode()
    answer = rheas.post(f"{PAGE}production/kill/", {"reason": "it crashes"}, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(PAGE, 303)]
    assert "turned off" in page and "Its rollout turns it on again" in page
    assert 'state--boxed" data-tone="bad"' in page, "beside its name, too"
    assert "turned search-typo off for everybody in production" in page
    assert "Turn on again" not in page  # that would be growth, and a release claims it
    assert rheas.post(f"{PAGE}production/enable/").status_code == 422


def test_p1_a_claimed_flag_offers_no_weight_and_takes_none(
    claimed: Flag, production: Environment, rhea: User, browser_of: BrowserOf
) -> None:
    assert "production/weight/" not in browser_of(rhea).get(PAGE).content.decode()
    answer = browser_of(rhea).post(f"{PAGE}production/weight/", {"percent": "5"})
    assert answer.status_code == 422 and "grows only through its rollout" in answer.content.decode()
    assert state_of(claimed, production).weight == 0


def test_p12_a_wrong_percentage_changes_nothing(
    typo: Flag, production: Environment, emil: User, browser_of: BrowserOf
) -> None:
    emils = browser_of(emil)
    for percent in ("", "x", "%", "1,2,3", "1e999999", "-1", "100.001", "5.0001", "NaN", "1e9", "9" * 400):
        answer = emils.post(f"{PAGE}production/weight/", {"percent": percent, "reason": "Why not"})
        page = answer.content.decode()
        assert answer.status_code == 422 and "percentage from 0 to 100" in page, percent
        assert f'value="{percent}"' in page or not percent, "what was typed stays"
        assert 'value="Why not"' in page
    assert state_of(typo, production).version == 1


def test_a_percentage_is_set_to_a_thousandth(
    typo: Flag, staging: Environment, emil: User, browser_of: BrowserOf
) -> None:
    assert browser_of(emil).post(f"{PAGE}staging/weight/", {"percent": "0.125"}).status_code == 303
    for typed_so, weight in (("12,5", 12_500), ("25 %", 25_000), ("26\u00a0%", 26_000), ("0.5%", 500)):
        assert browser_of(emil).post(f"{PAGE}staging/weight/", {"percent": typed_so}).status_code == 303
        assert state_of(typo, staging).weight == weight, typed_so
    assert browser_of(emil).post(f"{PAGE}staging/weight/", {"percent": "0.125"}).status_code == 303
    assert state_of(typo, staging).weight == 125


def test_a_new_flag_is_made_by_hand(
    storefront: object, emil: User, browser_of: BrowserOf, production: Environment
) -> None:
    emils = browser_of(emil)
    assert emils.get("/flags/new/").status_code == 200
    fields = {"product": production.product_id, "key": "banner", "name": "Banner", "kind": "ops"}
    assert emils.post("/flags/new/", fields).status_code == 303
    again = emils.post("/flags/new/", fields)
    assert again.status_code == 422 and "already has a flag banner" in again.content.decode()
    assert emils.post("/flags/new/", {**fields, "key": "a b"}).status_code == 422
    assert Flag.objects.get().owner == emil


def test_a_product_of_others_is_not_offered(production: Environment, otto: User, browser_of: BrowserOf) -> None:
    fields = {"product": production.product_id, "key": "banner", "name": "Banner", "kind": "ops"}
    assert browser_of(otto).post("/flags/new/", fields).status_code == 422
    assert not Flag.objects.exists()


def test_a_key_is_issued_by_command_and_kept_as_a_hash(
    production: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("issue_flag_key", "storefront", "production", name="checkout")
    key = capsys.readouterr().out.strip()
    row = FlagKey.objects.get()
    assert key.startswith("slf_s_") and row.digest == FlagKey.hash(key) and row.environment == production
    with pytest.raises(CommandError, match="nowhere"):
        call_command("issue_flag_key", "storefront", "nowhere", name="checkout")


def test_the_page_hears_of_its_environments_and_of_its_record(claimed: Flag, rhea: User, browser_of: BrowserOf) -> None:
    page = browser_of(rhea).get(PAGE).content.decode()
    places = [f"flags:{place.pk}" for place in claimed.product.environments.all()]
    heard = page.partition('id="live" data-live="')[2].partition('"')[0].split()
    assert sorted(heard) == sorted([*places, f"flag:{claimed.pk}", HOLDER])
    fetched = browser_of(rhea).get(f"{PAGE}?part=now").content.decode()
    assert 'id="places"' in fetched and 'id="history"' in fetched and "<html" not in fetched


def test_who_turns_it_off_or_on_again_may_say_why_and_need_not(
    typo: Flag, production: Environment, staging: Environment, emil: User, browser_of: BrowserOf
) -> None:
    emils = browser_of(emil)
    page = emils.get(PAGE).content.decode()
    assert "Turn off for all in production</button>" in page, "and nowhere else"
    kill, enable = f"{PAGE}production/kill/", f"{PAGE}production/enable/"
    assert typed(page, kill) == {"reason": [""]} == typed(page, f"{PAGE}staging/kill/")
    assert emils.post(kill, typed(page, kill)).status_code == 303
    page = emils.get(PAGE).content.decode()
    emils.post(enable, typed(page, enable, reason="The index is whole again"))
    entry = AuditEntry.objects.get(action="flag_enabled")
    assert entry.texts.get(field="reason").text == "The index is whole again"


@pytest.mark.parametrize("read", ["abc", "9" * 40, "-1", "1.5"])
@pytest.mark.parametrize("form", ["staging/weight/", "staging/targeting/", "describe/", "values/"])
def test_p12_what_was_read_and_never_was_is_a_conflict(
    form: str, read: str, typo: Flag, staging: Environment, emil: User, browser_of: BrowserOf
) -> None:
    emils, before = browser_of(emil), state_of(typo, staging).version
    page = emils.get(f"{PAGE}{form}").content.decode()
    changed = {"percent": "5", "pins": "u-1 = on", "act": "save", "description": "New", "variant__value": "false"}
    answer = emils.post(f"{PAGE}{form}", typed(page, f"{PAGE}{form}", **changed, based_on=read))
    assert answer.status_code == 409 and b"Not saved" in answer.content
    assert state_of(typo, staging).version == before
