"""What a flag's page says of it, and changing what it is everywhere: made, described, its values, archived."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.models import Environment, User
from core.weights import FULL
from flags import actions, places
from flags.choices import Carrier, ValueType
from flags.evaluation import phrases
from flags.forms.variants import Variants, read, write
from flags.models import Flag, FlagState
from tests.flags.conftest import state_of
from tests.flags.test_diff import ASIA, BETA, STAFF, flag
from tests.flags.typed import typed

BrowserOf = Callable[[User], Client]
PAGE = "/flags/storefront/search-typo/"
NEW, DESCRIBE, VALUES = "/flags/new/", f"{PAGE}describe/", f"{PAGE}values/"
TARGETS = {"rules": [STAFF, {**ASIA, "serve": {"variant": "off"}}, BETA]}


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (flag(), ["Everyone: off *"]),
        (flag(weight=25_000), ["Everyone: 25 % on / 75 % off *"]),
        (
            flag(
                {
                    **TARGETS,
                    "pins": {"u-1": "on", "u-2": "on", "u-3": "off"},
                    "needs": [{"flag": "x", "variants": ["on"]}],
                }
            ),
            [
                "Needs x to give on",
                "2 users pinned to on",
                "1 user pinned to off",
                "Staff: group is staff: on +",
                "country is JP: off",
                "Beta: in the segment beta: 60 % on, 40 % off +",
                "Everyone else: off *",
            ],
        ),
        (flag(enabled=False, weight=FULL), ["Turned off by a person, for everybody: off *", "Everyone: on"]),
        (flag(withheld=True), ["Withheld from everybody; all below waits: off *", "Everyone: off"]),
    ],
)
def test_rules_stand_as_sentences_in_the_order_they_are_asked(there: dict[str, Any], says: list[str]) -> None:
    listed = []
    for row in places.rows(there):
        gives = f": {phrases.plain(row.gives)}" if row.gives else ""
        listed.append(f"{phrases.plain(row.asks)}{gives}{' +' if row.on else ''}{' *' if row.decides else ''}")
    assert [one.replace("\u00a0", " ") for one in listed] == says


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({}, "nobody"),
        ({"weight": 25_000}, "25 %"),
        ({"weight": FULL}, "everybody"),
        ({"weight": 1, "carrier": Carrier.BUILD, "build": "b"}, "follows the route"),
        ({"targeting": {"pins": {}, "rules": [STAFF], "off": "off"}}, "by pins and rules"),
        ({"withheld": True}, "withheld"),
        ({"withheld": True, "enabled": False}, "turned off"),
    ],
)
def test_who_has_it_there_in_a_word(facts: dict[str, Any], word: str) -> None:
    assert places.word(FlagState(**facts)).word.replace("\u00a0", " ") == word


@pytest.mark.parametrize(
    ("held", "says"),
    [
        ([], "no process serves it at present"),
        ([("a", 7)], "confirmed"),
        ([("a", 7), ("b", 8)], "2 serving processes have it"),
        ([("b", 6), ("a", 7)], "b still serves an older version, after 12 s"),
        ([("b", 6), ("a", 7), ("c", 1)], "b and c still serve an older version, after 12 s"),
    ],
)
def test_who_serves_it_in_words(held: list[tuple[str, int]], says: str) -> None:
    assert places.serving_in_words(held, 7, timedelta(seconds=12)).replace("\u00a0", " ") == says


json_values = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4), st.lists, max_leaves=4)


@given(
    st.one_of(
        st.tuples(st.just("string"), st.text()),
        st.tuples(st.just("boolean"), st.booleans()),
        st.tuples(st.just("integer"), st.integers(-(2**53) + 1, 2**53 - 1)),
        st.tuples(st.just("float"), st.floats(allow_nan=False, allow_infinity=False)),
        st.tuples(st.just("json"), st.dictionaries(st.text(max_size=3), json_values)),
    )
)
def test_a_value_that_was_not_touched_stays_the_same(of: tuple[str, Any]) -> None:
    kind, value = of
    again = read(write(value, kind), kind)
    assert again == value and type(again) is type(value)


@pytest.mark.parametrize(
    ("kind", "rows", "says"),
    [
        ("integer", [("a", "1"), ("b", "1.5")], "whole number"),
        ("integer", [("a", "true")], "whole number"),
        ("float", [("a", "one")], "must be a number"),
        ("float", [("a", "NaN")], "must be a number"),
        ("boolean", [("on", "yes")], "true or false"),
        ("json", [("a", "{")], "an object or a list"),
        ("string", [("a b", "x")], "letters, digits"),
        ("string", [("a", "x"), ("a", "y")], "two variants a"),
        ("string", [], "one value at least"),
    ],
)
def test_p12_a_wrong_value_is_refused_at_its_row(kind: str, rows: list[tuple[str, str]], says: str) -> None:
    data = QueryDict(mutable=True)
    data.setlist("variant-name", [name for name, _ in rows])
    data.setlist("variant-value", [value for _, value in rows])
    editor = Variants.sent(data)
    with pytest.raises(Refused, match=says):
        editor.read(kind)
    last = editor.rows[len(rows) - 1] if rows else editor
    assert says in last.error and [(row.name, row.value) for row in editor.rows[: len(rows)]] == rows


def test_a_flag_of_any_type_is_made_by_hand(
    storefront: object, production: Environment, emil: User, rhea: User, otto: User, browser_of: BrowserOf
) -> None:
    emils = browser_of(emil)
    page = emils.get(NEW).content.decode()
    sent = typed(page, NEW, key="size", name="Size", type="json", tags="ui, ui, shop", owner=str(rhea.pk))
    more = emils.post(NEW, {**sent, "variant-more": "1"})
    assert more.status_code == 200 and "ui, ui, shop" in more.content.decode() and not Flag.objects.exists()
    sent |= {"variant-name": ["big", "small"], "variant-value": ['{"most": 40}', "{"]}
    wrong = emils.post(NEW, sent)
    assert wrong.status_code == 422 and "an object or a list" in wrong.content.decode()
    assert typed(wrong.content.decode(), NEW)["variant-value"][:2] == ['{"most": 40}', "{"]
    assert emils.post(NEW, {**sent, "owner": str(otto.pk)}).status_code == 422
    assert emils.post(NEW, {**sent, "variant-value": ['{"most": 40}', "{}"]}).status_code == 303
    made = Flag.objects.get()
    assert (made.type, made.owner, made.tags) == (ValueType.JSON, rhea, ["ui", "shop"])
    assert made.variants == [{"name": "big", "value": {"most": 40}}, {"name": "small", "value": {}}]
    shown = emils.get(made.get_absolute_url()).content.decode()
    assert "<code>big</code> is <code>{&quot;most&quot;: 40}</code>" in shown


def test_two_who_describe_a_flag_hear_of_each_other(typo: Flag, rhea: User, emil: User, browser_of: BrowserOf) -> None:
    rheas = browser_of(rhea)
    page = rheas.get(DESCRIBE).content.decode()
    fields = typed(page, DESCRIBE, description="Finds what was meant.", tags="search")
    actions.describe_flag(flag=typo, actor=emil, name="Typos")
    answer = rheas.post(DESCRIBE, fields)
    page = answer.content.decode()
    assert answer.status_code == 409 and "Emil" in page and "<del>Typos</del>" in page
    assert typed(page, DESCRIBE)["description"] == ["Finds what was meant."]
    assert rheas.post(DESCRIBE, typed(page, DESCRIBE, name="Typos")).status_code == 303
    typo.refresh_from_db()
    assert (typo.name, typo.description, typo.tags) == ("Typos", "Finds what was meant.", ["search"])
    wrong = rheas.post(DESCRIBE, typed(rheas.get(DESCRIBE).content.decode(), DESCRIBE, tags="x" * 41))
    assert wrong.status_code == 422 and "20 tags of 40 characters" in wrong.content.decode()


def test_values_change_everywhere_and_one_that_is_given_stays(
    typo: Flag, production: Environment, rhea: User, emil: User, browser_of: BrowserOf
) -> None:
    rheas = browser_of(rhea)
    fields = typed(rheas.get(VALUES).content.decode(), VALUES)
    assert fields["variant-name"] == ["on", "off", ""] and fields["variant-value"] == ["true", "false", ""]
    more = rheas.post(VALUES, {**fields, "variant-more": "1"})
    assert more.status_code == 200 and len(typed(more.content.decode(), VALUES)["variant-name"]) == 5
    lost = rheas.post(VALUES, {**fields, "variant-name": ["yes", "off", ""]})
    assert lost.status_code == 422 and "on is still given in" in lost.content.decode()
    grown = {**fields, "variant-name": ["on", "off", "beta"], "variant-value": ["true", "false", "true"]}
    actions.describe_flag(flag=typo, actor=emil, name="Typos")
    late = rheas.post(VALUES, grown)
    assert late.status_code == 409 and "Emil" in late.content.decode()
    assert rheas.post(VALUES, typed(late.content.decode(), VALUES)).status_code == 303
    typo.refresh_from_db()
    assert typo.variant_names == ["on", "off", "beta"] and state_of(typo, production).version > 1


def test_p2_what_is_off_says_so_with_who_and_why_until_it_is_on_again(
    typo: Flag, production: Environment, emil: User, tomas: User, browser_of: BrowserOf
) -> None:
    actions.set_weight(flag=typo, environment=production, weight=5_000, actor=emil)
    browser_of(emil).post(f"{PAGE}production/kill/", {"reason": "It burns"})
    page = browser_of(tomas).get(PAGE).content.decode()
    assert "Off for everybody in production." in page and "It burns" in page and "Emil" in page
    assert browser_of(emil).post(f"{PAGE}production/enable/", {"reason": "x" * 301}).status_code == 422
    assert browser_of(emil).post(f"{PAGE}production/enable/").status_code == 303
    assert "Off for everybody" not in browser_of(tomas).get(PAGE).content.decode()
    assert state_of(typo, production).enabled


def test_an_archived_flag_says_so_and_offers_only_the_way_back(
    typo: Flag, production: Environment, emil: User, tomas: User, browser_of: BrowserOf
) -> None:
    other = actions.create_flag(product=typo.product, key="other", name="Other", actor=emil)
    needs = {"needs": [{"flag": "search-typo", "variants": ["on"]}]}
    actions.set_targeting(flag=other, environment=production, targeting=needs, actor=emil)
    page = browser_of(emil).get(PAGE).content.decode()
    assert "It cannot be archived yet. other needs it in" in page and f"{PAGE}archive/" not in page
    actions.set_targeting(flag=other, environment=production, targeting={}, actor=emil)
    assert f"{PAGE}archive/" in browser_of(emil).get(PAGE).content.decode()
    actions.archive_flag(flag=typo, actor=emil)
    page = browser_of(emil).get(PAGE).content.decode()
    assert "Archived." in page and "Bring it back" in page
    for verb in ("kill", "weight", "targeting", "archive", "describe", "values"):
        assert f"/{verb}/" not in page, verb
    assert "Bring it back" not in browser_of(tomas).get(PAGE).content.decode()
    Flag.objects.update(archived_at=Flag.objects.get(pk=typo.pk).archived_at - actions.UNDO - timedelta(hours=1))  # type: ignore[operator]
    page = browser_of(emil).get(PAGE).content.decode()
    assert "Archived." in page and "Bring it back" not in page


def test_a_key_that_an_archived_flag_has_says_so(typo: Flag, emil: User, browser_of: BrowserOf) -> None:
    actions.archive_flag(flag=typo, actor=emil)
    fields = {"product": typo.product.pk, "key": typo.key, "name": "Again", "kind": "release"}
    answer = browser_of(emil).post("/flags/new/", fields)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Storefront has an archived flag search-typo: bring it back, or take another key." in page
