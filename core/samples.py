"""What `/elements/` shows: the parts of a screen with made-up facts, in every state that they can be in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from math import sin
from pathlib import Path
from typing import Any

from django import forms
from django.apps import apps
from django.contrib.staticfiles import finders
from django.utils.module_loading import module_has_submodule

from core import charts, ui
from core.bars import Bars, Series, bars
from core.charts import Event, Frame, Reading

DIGEST = "4be1c90277aa51d3e8f0"

LINES = [
    ui.Line(
        "bad", "blocked", "Blocked:", "waiting for Compliance (Ines Duarte, 2 d 4 h)", "5\u00a0% on Tue 24 Nov 09:00"
    ),
    ui.Line("wait", "hold", "Held at 25\u00a0%:", "no data for Search crashes for 6 min", "goes on when it passes"),
    ui.Line("live", "live", "Rolling out:", "25\u00a0% of the users have it, and they are well", "50\u00a0% in 4 min"),
    ui.Line("good", "open", "Complete:", "everybody has it", more="A second, smaller line says what is left to do."),
]

WAITED = timedelta(days=2, hours=4)
SHARE = 12_500
MANY = 12_840

FACTS = [("Commit", "9f3c1e7 by Emil Sand"), ("Digest", "sha256:4be1…c902"), ("Replaces", "1.9.4, live since 2 Nov")]

TARGETS = [
    ("good", "open", "confirmed"),
    ("live", "live", "sending"),
    ("wait", "warn", "drifted, sent again"),
    ("bad", "fail", "no answer"),
    ("none", "ring", "off"),
]

WEIGHTS = [
    (18, "Changes the order of every search result"),
    (9, "Reads a new index"),
    (-5, "Rollback rehearsed: 2.8 s"),
]


@dataclass(frozen=True, kw_only=True)
class Word:
    """A state as a gate wears it."""

    value: str
    tone: str
    icon: str


@dataclass(frozen=True, kw_only=True)
class Gate:
    name: str
    state: Word
    sentence: str
    who: str
    since: datetime | None = None
    url: str = "#gate"
    act: str = "View"
    is_open: bool = False


GATE_STATES = [
    Word(value="blocked", tone="bad", icon="blocked"),
    Word(value="waiting", tone="wait", icon="waiting"),
    Word(value="open", tone="good", icon="open"),
]


def gates(now: datetime) -> list[Gate]:
    blocked, waiting, opened = GATE_STATES
    asked = now - WAITED
    return [
        Gate(
            name="Sign-off: Compliance", state=blocked, sentence="Not signed; 4 h late.", who="Ines Duarte", since=asked
        ),
        Gate(name="Window", state=waiting, sentence="The plan starts in 3 d 19 h.", who="the calendar", act="Move"),
        Gate(name="Scope", state=opened, sentence="3 features agreed.", who="Rhea Lind", since=asked, is_open=True),
    ]


@dataclass(frozen=True, kw_only=True)
class Leaf:
    what: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    title: str
    lines: Sequence[Leaf]
    wording: bool = False
    more: int = 0


CHANGES = [
    Change(title="Candidate", lines=[Leaf(before="2.0.2", after="2.0.3")]),
    Change(title="Rollout plan", lines=[Leaf(what="step 2", before="25\u00a0%", after="10\u00a0%")], more=2),
    Change(title="Way back", lines=[Leaf(before="Switch off the flag", after="Turn off the flag")], wording=True),
    Change(title="Features", lines=[Leaf(what="added", after="Instant results"), Leaf(before="Old ranking")]),
]

SAME = ["Rollback plan", "Checklist", "Policy"]


def rails() -> list[list[ui.Point]]:
    """The slipway with 3 to 8 points, the hull somewhere on each."""
    names = ["Scope", "Validation", "Sign-off", "Rollout", "Watch", "Handed on", "Cleaned up", "Told"]
    return [[*_way(names[:count], now=count // 2)] for count in range(3, 9)]


def _way(names: Sequence[str], now: int) -> Iterator[ui.Point]:
    for index, name in enumerate(names):
        at = "done" if index < now else "now" if index == now else "todo"
        yield ui.Point(name, "2 of 3" if at == "now" else "", at, 60 if at == "now" else 0)


STATED = [
    ui.Point("5\u00a0%", "15 of 15 min", "done", tone="good", icon="open"),
    ui.Point("Now at 25\u00a0%", "9 of 15 min", "now", 60, tone="live", icon="live"),
    ui.Point("100\u00a0%", "not before 11:20"),
]
UNDONE = [
    ui.Point("0\u00a0%", "everybody back", "now", 100, undone=True),
    ui.Point("5\u00a0%", "15 min", "done", 100, undone=True),
    ui.Point("25\u00a0%", "rolled back 11:02", "done", 40, undone=True, tone="bad", icon="back"),
    ui.Point("100\u00a0%"),
]


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """A chart as a rollout's page shows it: its state, its reason, and its evidence."""

    name: str
    state: tuple[str, str, str]
    why: str
    picture: charts.Picture
    value: str
    filled: float = field(default=0.0)
    harm: bool = False


def kpis() -> list[Kpi]:
    calm = [Reading(at, _wave(at), _wave(at + 400)) for at in range(0, 2160, 30)]
    silent = [one if one.at < 1800 else Reading(one.at, None, one.stable) for one in calm]
    harmed = [one if one.at < 1500 else Reading(one.at, 2.4 + (one.at - 1500) / 110, one.stable) for one in calm]
    steps = (Event(300, "5\u00a0%"), Event(1100, "25\u00a0%"))
    back = Event(2000, "rolled back 10:38", bad=True)
    frame = Frame(0, 2160, limit=6.0, gap_seconds=90, events=steps)
    gone = Frame(0, 2160, limit=6.0, gap_seconds=90, events=(*steps, back), breach_at=1800)
    return [
        Kpi(
            name="Search crashes",
            state=("good", "open", "pass"),
            why="2.1 of 10 000 searches, as on 1.9.4.",
            picture=_picture(calm, frame, "pass. canary 2.1, stable 2.0, limit 6.0"),
            value="0.4",
            filled=charts.evidence(0.4, 80),
        ),
        Kpi(
            name="Search crashes",
            state=("wait", "todo", "no data for 6 min"),
            why="The router last answered at 10:35:02. Nothing grows until it does.",
            picture=_picture(silent, frame, "no canary data since 10:35"),
            value="none",
        ),
        Kpi(
            name="Search crashes",
            state=("bad", "fail", "fail"),
            why="7.4 of 10 000 searches, 3.1× stable, above the limit since 10:35.",
            picture=_picture([one for one in harmed if one.at <= 2000], gone, "fail. canary 7.4, rolled back at 10:38"),
            value="112",
            filled=charts.evidence(112, 80),
            harm=True,
        ),
    ]


def _wave(at: float) -> float:
    return 2.2 + 0.5 * sin(at / 97) + 0.3 * sin(at / 31)


def _picture(readings: Sequence[Reading], frame: Frame, says: str) -> charts.Picture:
    start = datetime(2026, 11, 18, 10, 5, tzinfo=UTC)
    return charts.picture(
        charts.chart(readings, frame),
        label=f"Search crashes per 10 000 searches: {says}",
        value=lambda value: f"{value:g}",
        clock=lambda at: f"{start + timedelta(seconds=at):%H:%M}",
    )


def stacked() -> Bars:
    """How often each of two variants was given, over two weeks."""
    on = [0, 0, 0, 0, 820, 900, 940, 980, 1_020, 1_100, 1_060, 1_180, 1_900, 9_400]
    off = [0] * 12 + [36_000, 28_600]
    series = [Series("on", "one", on), Series("off", "soft", off)]
    names = [f"{day} Nov" for day in range(12, 26)]
    return bars(series, names, label="Nothing before 16 November, 38 k on 25 November, a quarter of them on")


def icons() -> list[str]:
    """The names of the whole sprite."""
    sprite = finders.find("icons.svg")
    return re.findall(r'id="i-([a-z]+)"', Path(sprite).read_text()) if isinstance(sprite, str) else []


def words() -> list[tuple[str, list[Any]]]:
    """Every closed set of states that any room has: whatever carries a tone and an icon, once per look and word."""
    found = []
    for room in apps.get_app_configs():
        if not module_has_submodule(room.module, "choices"):
            continue
        for name, kind in vars(import_module(f"{room.name}.choices")).items():
            if isinstance(kind, type) and hasattr(kind, "tone") and hasattr(kind, "icon") and hasattr(kind, "choices"):
                found.append((f"{room.label}: {name}", list(kind)))  # type: ignore[call-overload]
    return found


class SampleForm(forms.Form):
    """Every kind of field; shown unanswered and wrongly answered."""

    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One sentence; it is kept apart from the record.",
        error_messages={"required": "Say in one sentence what must change."},
    )
    name = forms.CharField(required=False)
    place = forms.ChoiceField(choices=[("staging", "staging"), ("production", "production")])
    sure = forms.BooleanField(label="I have read what changed", required=False)
    verdict = forms.ChoiceField(
        choices=[("approve", "Approve"), ("refuse", "Refuse")], widget=forms.RadioSelect, label="Your decision"
    )
