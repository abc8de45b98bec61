"""Who gets what, written on a page: nothing is lost, what is wrong says where, two people hear of each other."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Refused
from core.models import Environment, User
from flags import actions
from flags.forms import lines
from flags.forms.serve import Serve
from flags.forms.targeting import Draft
from flags.models import Flag, FlagSet, PlannedChange
from tests.flags.conftest import HOLDER, state_of
from tests.flags.typed import typed
from tests.flags.worlds import ANY, SEGMENTS, world

BrowserOf = Callable[[User], Client]
PAGE = "/flags/storefront/search-typo/"
EDITOR = f"{PAGE}production/targeting/"
STAFF = {"name": "Staff", "when": {"attribute": "group", "op": "equals", "value": "staff"}, "serve": {"variant": "on"}}
ASIA = {"name": "Asia", "when": {"attribute": "c", "op": "in", "value": ["JP"]}, "serve": {"variant": "on"}}
NAMES = ("on", "off", "third")


def sent(draft: Draft, act: str = "") -> QueryDict:
    """As the page would send it."""
    fields = [("off", draft.off), ("pins", draft.pins), ("needs", draft.needs), ("act", act)]
    fields.append(("rules", str(len(draft.rules))))
    for rule in draft.rules:
        fields += [(f"{rule.serve.prefix}-name", rule.name), (f"{rule.when.prefix}-match", rule.when.match)]
        fields += [(f"{rule.when.prefix}-json", rule.when.text)]
        fields += [(f"{rule.when.prefix}-as", "json")] if rule.when.as_json else []
        for row in rule.when.rows:
            for name in ("attribute", "op", "value"):
                fields.append((f"{rule.when.prefix}-{name}", getattr(row, name)))
    for serve in (draft.on, *(rule.serve for rule in draft.rules)):
        fields.append((f"{serve.prefix}-gives", serve.gives))
        for part in serve.parts:
            fields += [(f"{serve.prefix}-of", part.variant), (f"{serve.prefix}-percent", part.percent)]
    return QueryDict(urlencode(fields))


@settings(max_examples=80)
@given(st.integers(0, 2**32))
def test_what_was_not_touched_stays_the_same(seed: int) -> None:
    targeting = world(seed, ANY, needs=True)[0]["a"].targeting
    again = Draft.sent(sent(Draft.of(targeting, NAMES)), NAMES)
    read = again.read(segments=SEGMENTS)
    assert read == targeting and str(read["rules"]) == str(targeting["rules"]), "1 is not true, and 1.0 is not 1"


@given(st.dictionaries(st.text(min_size=1, max_size=12), st.sampled_from(NAMES), max_size=5))
def test_any_user_can_be_pinned(pins: dict[str, str]) -> None:
    assert lines.read_pins(lines.write_pins(pins).replace("\n", "\r\n")) == pins


@pytest.mark.parametrize("text", ["u-1", "= on", "u-1 =", '"u-1 = on', "u-1 = on\nu-1 = off", '"\\ud800'])
def test_p12_a_line_that_is_no_pin_is_named(text: str) -> None:
    with pytest.raises(Refused, match="Line"):
        lines.read_pins(text)


@pytest.mark.parametrize(
    ("percents", "says"),
    [
        (["50", "49.999"], "these are 99.999"),
        (["50", "x"], "at most three decimals"),
        (["50", "50.0001"], "at most three decimals"),
        (["101", "-1"], "at most three decimals"),
        (["NaN", "1"], "at most three decimals"),
        (["", ""], "these are 0"),
        (["1e999999", "1"], "at most three decimals"),
    ],
)
def test_p12_shares_that_are_none_are_refused_where_they_stand(percents: list[str], says: str) -> None:
    fields = [("on-gives", "%")]
    for name, percent in zip(NAMES, percents, strict=False):
        fields += [("on-of", name), ("on-percent", percent)]
    serve = Serve.sent(QueryDict(urlencode(fields)), NAMES, "on")
    with pytest.raises(Refused):
        serve.read()
    assert says in serve.error.replace("\u00a0", " ") and [part.percent for part in serve.parts][:2] == percents


@pytest.mark.parametrize(
    ("act", "names"),
    [
        ("up:1", ["Asia", "Staff"]),
        ("down:0", ["Asia", "Staff"]),
        ("up:0", ["Staff", "Asia"]),
        ("down:1", ["Staff", "Asia"]),
        ("remove:0", ["Asia"]),
        ("remove:7", ["Staff", "Asia"]),
        ("add", ["Staff", "Asia", ""]),
        ("up:x", ["Staff", "Asia"]),
    ],
)
def test_rules_are_moved_added_and_removed(act: str, names: list[str]) -> None:
    plain: dict[str, Any] = {"on": {"variant": "on"}, "off": "off", "pins": {}, "needs": []}
    draft = Draft.sent(sent(Draft.of({**plain, "rules": [STAFF, ASIA]}, NAMES), act), NAMES)
    assert [rule.name for rule in draft.rules] == names
    assert [rule.when.prefix for rule in draft.rules] == [f"rule-{number}-when" for number in range(len(names))]
    assert draft.shaped is (act != "up:x")


def test_rules_are_written_row_by_row_without_scripts(
    typo: Flag, production: Environment, emil: User, browser_of: BrowserOf
) -> None:
    emils = browser_of(emil)
    page = emils.get(EDITOR).content.decode()
    grown = emils.post(
        EDITOR, typed(page, EDITOR, act="add", pins="u-1 = on", reason="Staff first", due_at="2031-01-01T10:00")
    )
    page = grown.content.decode()
    assert grown.status_code == 200 and state_of(typo, production).version == 1
    fields = typed(page, EDITOR, rule__0__name="Staff", due_at="")
    assert fields["pins"] == ["u-1 = on"] and fields["reason"] == ["Staff first"], "what was typed stays"
    fields |= {"rule-0-when-attribute": ["group"], "rule-0-when-op": ["equals"], "rule-0-when-value": ["staff"]}
    checked = emils.post(EDITOR, {**fields, "act": ["check"]}).content.decode()
    assert "This would change" in checked and "Staff: group is staff → on" in checked
    assert state_of(typo, production).version == 1, "looking changes nothing"
    assert emils.post(EDITOR, {**typed(checked, EDITOR), "act": ["save"]}).status_code == 303
    kept = state_of(typo, production).targeting
    assert (kept["rules"], kept["pins"]) == ([STAFF], {"u-1": "on"})
    shown = emils.get(PAGE).content.decode()
    assert "Staff: <code>group</code> is <code>staff</code>" in shown and "1 user pinned to <code>on</code>" in shown
    assert "Staff first" in emils.get(f"{PAGE}production/history/").content.decode()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"pins": "u-1 = maybe"}, "There is no variant"),
    ({"pins": "u-1"}, "Line 1 is not a user and a variant"),
    ({"needs": "nothing = on"}, "There is no other flag"),
    ({"needs": "search-typo = on"}, "There is no other flag"),
    ({"off": "maybe"}, "The off-variant must be one of"),
    ({"on-gives": "maybe"}, "There is no variant"),
    ({"on-gives": "%", "on-percent": ["60", "60"]}, "must add up to 100"),
    ({"rule-0-gives": "maybe"}, "There is no variant"),
    ({"rule-0-when-op": "less"}, "This must be a number"),
    ({"rule-0-when-attribute": ""}, "An attribute is a name"),
    ({"rule-0-name": "x" * 201}, "200 characters"),
    ({"rule-0-when-as": "json", "rule-0-when-json": "{"}, "This is no JSON"),
    ({"due_at": "soon"}, "Say a date and a time"),
    ({"due_at": "2020-01-01T10:00", "pins": "u-1 = on"}, "That time is over"),
    ({"due_at": "0001-01-01T00:00"}, "out of all time"),
    ({"reason": "x" * 301}, "at most 300 characters"),
    ({"reason": "\0"}, "Null characters are not allowed"),
]


def test_p12_what_is_wrong_is_said_where_it_stands_and_nothing_is_lost(
    typo: Flag, production: Environment, emil: User, browser_of: BrowserOf
) -> None:
    actions.set_targeting(flag=typo, environment=production, targeting={"rules": [STAFF]}, actor=emil)
    before, emils = state_of(typo, production).version, browser_of(emil)
    fields = typed(emils.get(EDITOR).content.decode(), EDITOR, reason="Because")
    for changed, says in WRONG:
        sent_back = fields | {name: value if isinstance(value, list) else [value] for name, value in changed.items()}
        answer = emils.post(EDITOR, {**sent_back, "act": "save"})
        page = answer.content.decode()
        assert answer.status_code == 422 and says in page and 'data-tone="bad"' in page, changed
        again = typed(page, EDITOR)
        offered = {name for name, value in sent_back.items() if value == ["maybe"]}  # a browser cannot send these
        for name in sent_back.keys() - offered - ({"reason"} if "\0" in sent_back["reason"][0] else set()):
            assert again.get(name, [])[: len(sent_back[name])] == sent_back[name], (changed, name)
    assert state_of(typo, production).version == before


def test_the_second_of_two_sees_what_the_first_did_and_saves_on_top(
    typo: Flag, production: Environment, rhea: User, emil: User, browser_of: BrowserOf
) -> None:
    rheas, emils = browser_of(rhea), browser_of(emil)
    page = rheas.get(EDITOR).content.decode()
    actions.set_weight(flag=typo, environment=production, weight=5_000, actor=emil, reason="A start")
    answer = rheas.post(EDITOR, {**typed(page, EDITOR, pins="u-1 = on"), "act": ["save"]})
    page = answer.content.decode()
    assert answer.status_code == 409 and "Emil" in page and "A start" in page and "Save on top of that" in page
    assert "<del>0\u00a0%</del>" in page and "<ins>5\u00a0%</ins>" in page
    assert "yours takes its place and would change" in page and "u-1" in page
    assert state_of(typo, production).targeting["pins"] == {}
    on_top = typed(page, EDITOR)
    assert on_top["pins"] == ["u-1 = on"]
    assert rheas.post(EDITOR, {**on_top, "act": ["save"]}).status_code == 303
    state = state_of(typo, production)
    assert (state.targeting["pins"], state.weight) == ({"u-1": "on"}, 5_000)
    assert emils.post(f"{PAGE}production/weight/", {"percent": "7", "based_on": "2"}).status_code == 409


def test_p1_a_rule_for_what_a_release_has_is_refused_where_one_pressed(
    claimed: Flag, production: Environment, rhea: User, browser_of: BrowserOf
) -> None:
    page = browser_of(rhea).get(EDITOR).content.decode()
    actions.move(flag=claimed, environment=production, weight=5_000, build="", claim=HOLDER, fence=1)
    assert "production/targeting/" not in browser_of(rhea).get(PAGE).content.decode(), "no button that cannot work"
    fields = typed(page, EDITOR, pins="u-1 = on", based_on=str(state_of(claimed, production).version))
    for act in ("save", "check"):
        answer = browser_of(rhea).post(EDITOR, {**fields, "act": [act]})
        page = answer.content.decode()
        assert answer.status_code == 422 and "belongs to Search 2.0: it grows only through its rollout" in page
        assert "u-1 = on" in page
    assert state_of(claimed, production).targeting["pins"] == {}


def test_where_two_are_wanted_saving_asks_the_second(
    typo: Flag, production: Environment, rhea: User, emil: User, browser_of: BrowserOf
) -> None:
    FlagSet.objects.filter(environment=production).update(second_person=True)
    emils = browser_of(emil)
    fields = typed(emils.get(EDITOR).content.decode(), EDITOR, pins="u-1 = on")
    checked = emils.post(EDITOR, {**fields, "act": ["check"]}).content.decode()
    assert "once somebody else has agreed" in checked
    answer = emils.post(EDITOR, {**fields, "act": ["save"]}, follow=True)
    assert "somebody else has to agree" in answer.content.decode()
    assert PlannedChange.objects.get().changes["targeting"]["pins"] == {"u-1": "on"}
    assert state_of(typo, production).targeting["pins"] == {}


def test_who_may_not_change_flags_gets_no_form(typo: Flag, tomas: User, otto: User, browser_of: BrowserOf) -> None:
    for path in (EDITOR, f"{PAGE}describe/", f"{PAGE}values/", f"{PAGE}production/weight/"):
        assert browser_of(tomas).get(path).status_code == 403, path
        assert browser_of(tomas).post(path, {}).status_code == 403, path
        assert browser_of(otto).get(path).status_code == 404, path
