"""The life of a flag as a decision table: no database, no clock."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.weights import FULL
from flags.choices import Carrier, Due, FlagKind, Stage
from flags.lifecycle import SETTLED, UNASKED, UNTRIED, Facts, Place, life, place

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY, BLINK = timedelta(days=1), timedelta(seconds=1)
PLAIN: dict[str, Any] = {"on": {"variant": "on"}, "off": "off", "pins": {}, "needs": [], "rules": []}
STAFF = {"name": "Staff", "when": {"segment": "staff"}, "serve": {"variant": "on"}}


def at(weight: int, *, days: float = 0, **more: Any) -> Place:
    """Its production, unchanged for so many days; more weight than none is given by a percentage unless `build`."""
    targeting = PLAIN | {name: more.pop(name) for name in list(more) if name in PLAIN}
    carrier = Carrier.BUILD if more.get("build") else Carrier.PERCENTAGE
    state = {"enabled": True, "withheld": False, "build": "", **more}
    return place(**state, carrier=carrier, weight=weight, targeting=targeting, at=NOW - timedelta(days=days))


def facts(production: Place | None, **more: Any) -> Facts:
    """A flag made 100 days ago that was asked for a moment ago."""
    asked = {"named_at": NOW, "asked_at": NOW, "counted_since": NOW - 300 * DAY}
    return Facts(**{"kind": FlagKind.RELEASE, "made_at": NOW - 100 * DAY, "production": production, **asked, **more})


ROUTE, SPLIT = {"build": "sha256:aa"}, {"split": [["a", 50_000], ["b", 50_000]]}
LATER = {"holder": "Search 2.0"}
STAGES = [
    ("nobody yet", at(0), {}, Stage.NEW, []),
    ("no production at all", None, {}, Stage.NEW, []),
    ("withheld by its release", at(0, withheld=True, pins={"u-1": "on"}, days=99), LATER, Stage.NEW, []),
    ("a part", at(5_000, days=99), {}, Stage.RAMPING, []),
    ("only staff", at(0, rules=[STAFF], days=99), {}, Stage.RAMPING, []),
    ("the route carries it", at(FULL, **ROUTE, days=99), {}, Stage.RAMPING, []),
    ("everyone, but another decides", at(FULL, needs=[{"flag": "x", "variants": ["on"]}]), {}, "ramping", []),
    ("everyone, its watch is on", at(FULL, days=99), LATER, Stage.RAMPING, []),
    ("everyone, just now", at(FULL), {}, Stage.LIVE, []),
    ("everyone, some by rules too", at(FULL, rules=[STAFF], days=15), {}, Stage.STALE, [Due.EVERYBODY]),
    ("everyone but who is pinned", at(FULL, pins={"u-1": "off"}, days=99), {}, Stage.LIVE, []),
    ("everyone, one of two", at(FULL, on=SPLIT, days=99), {}, Stage.LIVE, []),
    ("everyone for two weeks", at(FULL, days=14), {}, Stage.STALE, [Due.EVERYBODY]),
    ("turned off", at(FULL, enabled=False, days=2), {}, Stage.LIVE, []),
    ("turned off for two weeks", at(FULL, enabled=False, days=14), {}, Stage.STALE, [Due.NOBODY]),
    ("turned off before anybody had it", at(0, enabled=False, days=14), {"elsewhere": True}, Stage.NEW, []),
    ("off for two weeks", at(0, days=14), {}, Stage.STALE, [Due.NOBODY]),
    ("off, tried on staging", at(0, days=14), {"elsewhere": True}, Stage.NEW, []),
    ("off, left on staging", at(0, days=60), {"elsewhere": True}, Stage.STALE, [Due.NOBODY]),
    ("off, changed on staging", at(0, days=99), {"last_change": NOW - DAY}, Stage.NEW, []),
    ("never had", at(0, days=59), {"made_at": NOW - 59 * DAY}, Stage.NEW, []),
    ("never had, forgotten", at(0, days=60), {"made_at": NOW - 60 * DAY}, Stage.STALE, [Due.NOBODY]),
    ("ops, everyone", at(FULL, days=99), {"kind": FlagKind.OPS}, Stage.LIVE, []),
    ("ops, turned off", at(FULL, enabled=False, days=99), {"kind": FlagKind.OPS}, Stage.LIVE, []),
    ("permission, by rules", at(0, rules=[STAFF], days=99), {"kind": FlagKind.PERMISSION}, Stage.LIVE, []),
    ("permission, a part", at(5_000, days=99), {"kind": FlagKind.PERMISSION}, Stage.LIVE, []),
    ("ops, nobody asks", at(FULL), {"kind": FlagKind.OPS, "asked_at": NOW - 30 * DAY}, Stage.STALE, [Due.UNASKED]),
    ("past its date", at(5_000), {"removal": date(2026, 11, 22)}, Stage.STALE, [Due.PAST]),
    ("its date is today", at(5_000), {"removal": date(2026, 11, 23)}, Stage.RAMPING, []),
    ("past its date, held", at(5_000), {"removal": date(2026, 11, 22), **LATER}, Stage.RAMPING, [Due.PAST]),
    ("all at once", at(FULL, days=99), {"removal": date(2026, 1, 1), "asked_at": NOW - 40 * DAY}, "stale",
     [Due.EVERYBODY, Due.PAST, Due.UNASKED]),
    ("archived", at(FULL, days=99), {"removal": date(2026, 1, 1), "archived_at": NOW}, Stage.ARCHIVED, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("production", "more", "stage", "due"), [row[1:] for row in STAGES], ids=[r[0] for r in STAGES]
)
def test_the_stage_is_derived(production: Place | None, more: dict[str, Any], stage: str, due: list[Due]) -> None:
    found = life(facts(production, **more), NOW)
    assert (found.stage, found.dues) == (stage, due)


NEVER = {"asked_at": None, "named_at": None}
ASKED = [
    ("a moment ago", {}, False),
    ("a month ago", {"asked_at": NOW - UNASKED, "named_at": NOW - UNASKED}, True),
    ("nearly a month ago", {"asked_at": NOW - UNASKED + BLINK, "named_at": NOW - UNASKED + BLINK}, False),
    ("never", NEVER, True),
    ("never, but it is young", {**NEVER, "made_at": NOW - UNASKED + BLINK}, False),
    ("never, but counting is young", {**NEVER, "counted_since": NOW - UNASKED + BLINK}, False),
    ("nothing was ever counted", {**NEVER, "counted_since": None}, False),
    ("with all others only", {"named_at": None}, False),
    ("with all others only, and code mentions it", {"named_at": None, "mentions": 1}, False),
    ("with all others only, and no code mentions it", {"named_at": None, "mentions": 0}, True),
    ("by name lately, though no code mentions it", {"mentions": 0}, False),
    ("never, and a release holds it", {**NEVER, **LATER}, False),
]


@pytest.mark.parametrize(("more", "due"), [row[1:] for row in ASKED], ids=[row[0] for row in ASKED])
def test_silence_counts_only_where_it_could_have_been_broken(more: dict[str, Any], due: bool) -> None:
    assert (Due.UNASKED in life(facts(at(5_000), **more), NOW).dues) is due


def test_the_thresholds_are_what_the_page_says() -> None:
    assert (SETTLED.days, UNTRIED.days, UNASKED.days) == (14, 60, 30)
    assert not life(facts(at(FULL, days=14 - 1e-6)), NOW).is_due


SENTENCES = [
    (at(FULL, days=41), {}, "Everyone has had it for 41 d."),
    (at(FULL, days=41), {"release": "Search 2.0"}, "Everyone has had it for 41 d, since Search 2.0 was over."),
    (at(FULL, on={"variant": "blue"}, days=41), {}, "Everyone has had it “blue” for 41 d."),
    (at(FULL, enabled=False, days=20), {}, "Turned off for everybody for 20 d."),
    (at(0, days=20), {}, "Off for everybody for 20 d."),
    (at(5_000), {"removal": date(2026, 11, 3)}, "It was to be gone by 3 Nov 2026."),
    (at(5_000), {"removal": date(2026, 11, 3), **LATER}, "It was to be gone by 3 Nov 2026; Search 2.0 still holds it."),
    (at(5_000), {"asked_at": NOW - 35 * DAY}, "Nobody has asked for it for 35 d."),
    (at(5_000), NEVER, "Nobody has ever asked for it, in 100 d."),
]


@pytest.mark.parametrize(("production", "more", "said"), SENTENCES, ids=[row[2] for row in SENTENCES])
def test_it_says_why(production: Place, more: dict[str, Any], said: str) -> None:
    [reason] = life(facts(production, **more), NOW).reasons
    assert reason.sentence.replace("\u00a0", " ") == said


def test_a_flag_taken_back_begins_again() -> None:
    """What its release took back is new, not old: nobody has it, and it is to come."""
    back = facts(at(0, withheld=True, days=99), holder="Search 2.0")
    assert life(back, NOW).stage == Stage.NEW
    assert life(replace(back, holder=""), NOW).stage == Stage.STALE


COMING = [
    (
        "everyone, let go today",
        at(FULL),
        {"release": "Search {2}"},
        "Everyone has it, and Search {2} is over: due in 14 d.",
    ),
    ("everyone, no release", at(FULL), {}, ""),
    ("nobody, let go today", at(0), {"release": "Search 2.0"}, ""),
    ("everyone, still held", at(FULL), LATER, ""),
    ("due already", at(FULL, days=14), {"release": "Search 2.0"}, ""),
    ("ops", at(FULL), {"release": "Search 2.0", "kind": FlagKind.OPS}, ""),
]


@pytest.mark.parametrize(("production", "more", "said"), [row[1:] for row in COMING], ids=[row[0] for row in COMING])
def test_what_a_release_let_go_is_announced(production: Place, more: dict[str, Any], said: str) -> None:
    coming = life(facts(production, **more), NOW).coming
    assert (coming.sentence.replace("\u00a0", " ") if coming else "") == said
