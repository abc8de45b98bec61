"""Decision tables of this room's gates, first line and slipway. No database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from releases import rules
from releases.choices import ReleaseStatus
from releases.rules import Candidate, Feature, Flag, Freeze, GateState, OnClose, Running

NOW = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
OPEN, WAITING, BLOCKED = GateState.OPEN, GateState.WAITING, GateState.BLOCKED
THREE = [Feature(id=1, name="Typo"), Feature(id=2, name="Instant"), Feature(id=3, name="Ranking")]


@pytest.mark.parametrize(
    ("features", "after", "linked", "way_back", "state", "sentence"),
    [
        ([], [], [], "back", WAITING, "No feature yet."),
        (THREE[:1], [], [], "back", OPEN, "1 feature agreed, with a way back."),
        (THREE, [], [], "back", OPEN, "3 features agreed, each with a way back."),
        (THREE, [], [], "  \n", WAITING, "The way back is not written."),
        (THREE, [(2, 1), (3, 2), (3, 1)], [1, 2, 3], "back", OPEN, "3 features agreed, each with a way back."),
        (THREE, [(1, 2), (2, 1)], [1, 2], "back", BLOCKED, "Typo and Instant wait for each other."),
        (THREE, [(1, 2), (2, 3), (3, 1)], [1, 2, 3], "", BLOCKED, "Typo, Instant and Ranking wait for each other."),
        (THREE, [(1, 9)], [1, 9], "back", BLOCKED, "A feature depends on one that is not in this release."),
    ],
)
def test_scope(
    features: Sequence[Feature],
    after: Sequence[tuple[int, int]],
    linked: Sequence[int],
    way_back: str,
    state: GateState,
    sentence: str,
) -> None:
    answer = rules.scope(features, after, linked, way_back)
    assert (answer.state, answer.sentence) == (state, sentence)


def guarded(name: str, *flags: Flag, why: str = "") -> Feature:
    return Feature(id=1, name=name, flags=flags, no_flag_reason=why)


GOOD = Flag(key="search-typo")


@pytest.mark.parametrize(
    ("features", "state", "sentence"),
    [
        ([], WAITING, "No feature yet."),
        ([guarded("Typo", GOOD)], OPEN, "1 of 1 feature has a flag."),
        ([guarded("Typo", GOOD), guarded("Two", GOOD)], OPEN, "2 of 2 features have a flag."),
        ([guarded("Typo", GOOD), guarded("Copy", why="words")], OPEN, "1 of 2 features has a flag; 1 says why not."),
        ([guarded("Typo", GOOD), guarded("Copy")], WAITING, "Copy has no flag, and no reason why not."),
        ([guarded("A"), guarded("B", why=" ")], WAITING, "A and B have no flag, and no reason why not."),
        ([guarded("A", Flag(key="f", claimed=False))], BLOCKED, "f of A is not held by this release."),
        ([guarded("A", Flag(key="f", archived=True))], BLOCKED, "f of A is archived."),
    ],
)
def test_flag_coverage(features: Sequence[Feature], state: GateState, sentence: str) -> None:
    answer = rules.flag_coverage(features)
    assert (answer.state, answer.sentence) == (state, sentence)


SHOP = Candidate(product_id=1, product="Storefront", version="2.0.3", digest="sha256:aa", regression="pass", check_id=5)
NONE = Candidate(product_id=2, product="Loyalty")


def like(**changes: Any) -> Candidate:
    return replace(SHOP, **changes)


@pytest.mark.parametrize(
    ("candidates", "pinned", "state", "sentence"),
    [
        ([], None, BLOCKED, "The release covers no product."),
        ([SHOP], None, OPEN, "2.0.3 passed its regression suite."),
        ([SHOP], {1: "sha256:aa"}, OPEN, "2.0.3 passed its regression suite."),
        ([SHOP], {1: "sha256:bb"}, BLOCKED, "The candidate of Storefront is not the build that was signed."),
        ([SHOP], {}, BLOCKED, "The candidate of Storefront is not the build that was signed."),
        ([SHOP], {1: "sha256:aa", 2: "x"}, BLOCKED, "The candidate of a product is not the build that was signed."),
        ([like(regression="fail")], None, BLOCKED, "The regression suite failed on 2.0.3."),
        ([like(regression="")], None, WAITING, "The regression suite has not reported on 2.0.3."),
        ([SHOP, NONE], None, WAITING, "Loyalty has no build yet."),
        ([NONE, like(regression="fail")], None, BLOCKED, "The regression suite failed on 2.0.3."),
        ([SHOP, like(version="4.1")], None, OPEN, "2.0.3 and 4.1 passed their regression suites."),
    ],
)
def test_candidate(
    candidates: Sequence[Candidate], pinned: Mapping[int, str] | None, state: GateState, sentence: str
) -> None:
    answer = rules.candidate(candidates, pinned)
    assert (answer.state, answer.sentence) == (state, sentence)


def place(name: str = "production green", digest: str = "sha256:aa", **more: object) -> Running:
    version = {"sha256:aa": "2.0.3", "sha256:bb": "1.9.4"}.get(digest, "?")
    facts = {"product_id": 1, "place": name, "version": version, "digest": digest, "deployment_id": 3, **more}
    return Running(**facts)  # type: ignore[arg-type]


def asked(age: int | None, said: str = "sha256:aa") -> dict[str, Any]:
    at = None if age is None else NOW - timedelta(seconds=age)
    return {"answers": True, "said_digest": said if at else "", "said": said, "said_at": at}


BLUE = place("production blue", "sha256:bb")
PINNED = {1: "sha256:aa"}


@pytest.mark.parametrize(
    ("running", "producing", "pinned", "state", "sentence"),
    [
        ([], [], None, BLOCKED, "Storefront has no production environment."),
        ([], [1], None, WAITING, "2.0.3 is not in production yet."),
        ([BLUE], [1], None, WAITING, "2.0.3 is not in production yet."),
        ([], [1], PINNED, BLOCKED, "What runs is not the signed build 2.0.3: production has nothing."),
        (
            [BLUE],
            [1],
            PINNED,
            BLOCKED,
            "What runs is not the signed build 2.0.3: production has 1.9.4 in production blue.",
        ),
        ([BLUE, place()], [1], PINNED, OPEN, "2.0.3 runs in production green, by its deployment record."),
        ([place(**asked(60))], [1], PINNED, OPEN, "2.0.3 runs in production green."),
        (
            [place(**asked(61))],
            [1],
            PINNED,
            WAITING,
            "Production green has not said what it runs for 1\u00a0min\u00a01\u00a0s.",
        ),
        ([place(**asked(None))], [1], None, WAITING, "Production green has not said yet what it runs."),
        (
            [place(**asked(1, "sha256:bb"))],
            [1],
            PINNED,
            BLOCKED,
            "Production green should run 2.0.3 and says sha256:bb.",
        ),
        ([place(product_id=7)], [1], None, WAITING, "2.0.3 is not in production yet."),
    ],
)
def test_running_build(
    running: Sequence[Running],
    producing: Sequence[int],
    pinned: Mapping[int, str] | None,
    state: GateState,
    sentence: str,
) -> None:
    answer = rules.running_build([SHOP], running, producing, pinned, NOW)
    assert (answer.state, answer.sentence) == (state, sentence)


def test_every_product_must_run_its_candidate_and_the_worst_is_told() -> None:
    loyalty = Candidate(product_id=2, product="Loyalty", version="4.1", digest="sha256:dd", regression="pass")
    answer = rules.running_build([SHOP, loyalty], [place()], [1], None, NOW)
    assert (answer.state, answer.sentence) == (BLOCKED, "Loyalty has no production environment.")


def freeze(start: int, end: int, reason: str = "Sale") -> Freeze:
    hours = timedelta(hours=1)
    return Freeze(id=1, reason=reason, starts_at=NOW + start * hours, ends_at=NOW + end * hours)


@pytest.mark.parametrize(
    ("freezes", "state"),
    [
        ([], OPEN),
        ([freeze(-2, -1)], OPEN),
        ([freeze(-1, 0)], OPEN),
        ([freeze(0, 1)], WAITING),
        ([freeze(-1, 1), freeze(1, 2)], WAITING),
        ([freeze(1, 2)], OPEN),
    ],
)
def test_freeze(freezes: Sequence[Freeze], state: GateState) -> None:
    assert rules.freeze(freezes, NOW).state is state


def test_a_coming_freeze_is_announced() -> None:
    assert rules.freeze([freeze(1, 2)], NOW).sentence.startswith("No freeze now; the next begins Fri 20 Nov")


@dataclass(frozen=True)
class G:
    """As much of a gate as the first line reads."""

    name: str
    state: GateState
    sentence: str = "It is so."
    who: str = ""
    since: datetime | None = None
    on_close: OnClose = OnClose.PAUSE


ASKED = NOW - timedelta(days=2, hours=4)
INES = G("Sign-off: Compliance", BLOCKED, who="Ines Duarte", since=ASKED)
LEGAL = G("Sign-off: Legal", WAITING, who="Lea", since=ASKED)
FINE = G("Scope", OPEN)
FAILED = G("Candidate", BLOCKED, "The regression suite failed on 2.0.3.", who="the pipeline")
FROZEN = G("Freeze", WAITING, "Frozen until Monday: Sale.", who="the calendar", on_close=OnClose.HOLD)
DRAFT, ROLLOUT, WATCH = ReleaseStatus.DRAFT, ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH


@pytest.mark.parametrize(
    ("gates", "status", "said"),
    [
        ([FINE], DRAFT, ("good", "Ready:", "every gate is open", "then 5 % on Tuesday")),
        (
            [FINE, LEGAL, INES],
            ReleaseStatus.SIGNOFF,
            (
                "bad",
                "Blocked:",
                "waiting for Compliance (Ines Duarte, 2\u00a0d\u00a04\u00a0h)",
                "then Legal → 5 % on Tuesday",
            ),
        ),
        (
            [LEGAL],
            ReleaseStatus.SIGNOFF,
            ("wait", "Waiting", "for Legal (Lea, 2\u00a0d\u00a04\u00a0h)", "then 5 % on Tuesday"),
        ),
        ([FAILED], DRAFT, ("bad", "Blocked:", "The regression suite failed on 2.0.3", "then 5 % on Tuesday")),
        (
            [INES, LEGAL, FROZEN, G("Staging", WAITING), G("Window", WAITING)],
            DRAFT,
            (
                "bad",
                "Blocked:",
                "waiting for Compliance (Ines Duarte, 2\u00a0d\u00a04\u00a0h)",
                "then Legal → Freeze → 2 more → 5 % on Tuesday",
            ),
        ),
        ([FINE], ROLLOUT, ("live", "Rolling out:", "every gate is open", "then 5 % on Tuesday")),
        ([FROZEN], ROLLOUT, ("wait", "Growth is held:", "Freeze. Frozen until Monday: Sale", "then 5 % on Tuesday")),
        (
            [FROZEN, INES],
            ROLLOUT,
            ("wait", "Growth waits for a person:", "Sign-off: Compliance. It is so", "then 5 % on Tuesday"),
        ),
        (
            [FINE],
            WATCH,
            ("live", "Watching:", "everybody has it, and the way back is kept warm", "then 5 % on Tuesday"),
        ),
        ([INES], ReleaseStatus.ROLLED_BACK, ("bad", "Rolled back:", "its rollout says why, and who has what now", "")),
        ([], ReleaseStatus.COMPLETED, ("good", "Completed:", "everybody has it, and the watch is over", "")),
        ([], ReleaseStatus.CANCELLED, ("none", "Cancelled:", "it never went out", "")),
    ],
)
def test_headline(gates: Sequence[G], status: ReleaseStatus, said: tuple[str, str, str, str]) -> None:
    line = rules.headline(gates, status, "5 % on Tuesday", NOW)
    assert (line.tone, line.lead, line.text, line.then) == said


def test_what_is_missing_stands_below_where_the_name_does_not_say_it() -> None:
    assert rules.headline([G("Staging", WAITING)], DRAFT, "", NOW).more == G("Staging", WAITING).sentence
    assert rules.headline([INES], DRAFT, "", NOW).more == ""


def test_nothing_follows_when_nothing_is_planned() -> None:
    assert rules.headline([FINE], DRAFT, "", NOW).then == ""


@pytest.mark.parametrize(
    ("status", "at", "undone"),
    [
        ("draft", ["now", "todo", "todo", "todo", "todo"], []),
        ("signoff", ["done", "done", "now", "todo", "todo"], []),
        ("watch", ["done", "done", "done", "done", "now"], []),
        ("completed", ["done"] * 5, []),
        ("rolled_back", ["done", "done", "done", "now", "todo"], ["Rollout"]),
    ],
)
def test_the_slipway_of_a_release(status: str, at: list[str], undone: list[str]) -> None:
    points = rules.phases(ReleaseStatus(status), {"signoff": "2 of 3 signed"})
    assert [point.at for point in points] == at
    assert [point.name for point in points if point.undone] == undone
    assert points[2].note == "2 of 3 signed"


@pytest.mark.parametrize(
    ("digest", "said"),
    [(f"sha256:{'4be1' * 15}c902", "sha256:4be1…c902"), ("sha256:aa", "sha256:aa"), ("", ""), ("x" * 40, "xxxx…xxxx")],
)
def test_a_digest_is_short_enough_to_compare(digest: str, said: str) -> None:
    assert rules.short(digest) == said
