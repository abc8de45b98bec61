"""KPI cards: the measurements of one rollout, thinned to what a chart can show, with their verdict in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import BigIntegerField, F, OuterRef, Subquery
from django.db.models.functions import Cast, Extract, Floor
from django.utils import timezone

from core import charts
from core.weights import as_percent
from core.words import ago, span
from rollouts.choices import RolloutState, VerdictKind
from rollouts.facts import KpiFacts, RolloutFacts
from rollouts.models import KpiState, Measurement, Rollout

POINTS = 160
LONGEST = timedelta(hours=2)
AFTERMATH = timedelta(seconds=1)
"""Nothing is measured after the end, so the charts end with it."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """One KPI: its state in words, its chart, and the values in the chart's key."""

    name: str
    critical: bool
    tone: str
    icon: str
    word: str
    why: str
    picture: charts.Picture
    key: Sequence[tuple[str, str, str]]
    evidence: float
    evidence_text: str
    bound_text: str
    is_harm: bool


@dataclass(frozen=True)
class Readings:
    """What the charts are drawn from, per KPI state: its readings thinned (seconds, canary, stable), and the newest."""

    thinned: Mapping[int, Sequence[tuple[float, float | None, float | None]]]
    newest: Mapping[int, Measurement]


def read(rollout: Rollout, now: datetime) -> Readings:
    """Two queries, and at most `POINTS` rows per KPI."""
    states = [state.pk for state in rollout.kpi_states.all()]
    rows = thinned(states, *_window(rollout, now))
    points = {state: [(row.at.timestamp(), row.canary, row.stable) for row in read] for state, read in rows.items()}
    return Readings(points, {row.state_id: row for row in _newest(states)})


def cards(facts: RolloutFacts, read: Readings) -> list[Card]:
    """One card per KPI, in the plan's order."""
    window = _window(facts, facts.now)
    events = tuple(_events(facts))
    return [
        _card(kpi, facts, read.thinned.get(kpi.state, []), read.newest.get(kpi.state), window, events)
        for kpi in facts.kpis
    ]


def window_in_words(facts: RolloutFacts) -> str:
    """``last 2 h, read every 10 s; times in CET``."""
    start, end = _window(facts, facts.now)
    zone = f"{timezone.localtime(facts.now):%Z}"
    if not facts.state.is_live:
        return f"{_clock(start, seconds=False)} to {_clock(end, seconds=False)} {zone}" if facts.kpis else ""
    every = span(timedelta(seconds=max(1, round(settings.TICK_SECONDS))))
    return f"last {span(end - start)}, read every {every}; times in {zone}" if facts.kpis else ""


def read_in_words(facts: RolloutFacts) -> str:
    """``read 4 s ago``: the newest thing any KPI knows of. Empty once it is over, or before there is anything."""
    newest = max((kpi.newest_at for kpi in facts.kpis if kpi.newest_at), default=None)
    return f"read {ago(newest, facts.now)}" if newest and facts.state.is_live else ""


def _window(shown: RolloutFacts | Rollout, now: datetime) -> tuple[datetime, datetime]:
    end = min(now, shown.ended_at + AFTERMATH) if shown.ended_at else now
    return max(shown.started_at, end - LONGEST), end


def thinned(states: Sequence[int], start: datetime, end: datetime) -> dict[int, list[Measurement]]:
    """The last measurement in each of `POINTS` equal stretches, by PostgreSQL."""
    width = max((end - start).total_seconds() / POINTS, 1.0)
    stretch = Cast(Floor(Extract("at", "epoch") / width), BigIntegerField())
    rows = (
        Measurement.objects.filter(state__in=states, at__gte=start, at__lte=end)
        .annotate(stretch=stretch)
        .order_by("state_id", "stretch", F("at").desc())
        .distinct("state_id", "stretch")
    )
    found: dict[int, list[Measurement]] = {}
    for row in rows:
        found.setdefault(row.state_id, []).append(row)
    return found


def _newest(states: Sequence[int]) -> Iterable[Measurement]:
    """What each KPI's last reading said while the canary still had users."""
    newest = Measurement.objects.filter(state=OuterRef("pk"), canary__isnull=False).order_by("-fold").values("pk")[:1]
    last = KpiState.objects.filter(pk__in=states).annotate(last=Subquery(newest)).order_by().values("last")
    return Measurement.objects.filter(pk__in=last)


def _events(facts: RolloutFacts) -> Iterable[charts.Event]:
    for step in facts.steps[1:]:
        if step.since:
            yield charts.Event(step.since.timestamp(), as_percent(step.weight))
    if facts.ended_at and facts.state is RolloutState.ROLLED_BACK:
        yield charts.Event(facts.ended_at.timestamp(), f"rolled back {_clock(facts.ended_at, seconds=True)}", bad=True)


def _card(
    kpi: KpiFacts,
    facts: RolloutFacts,
    read: Sequence[tuple[float, float | None, float | None]],
    last: Measurement | None,
    window: tuple[datetime, datetime],
    events: tuple[charts.Event, ...],
) -> Card:
    tone, icon, word, why = _state_in_words(kpi, facts)
    drawn = charts.chart([_reading(kpi, *row) for row in read], _frame(kpi, window, events))
    key = _key(kpi, facts, last, silent=word.startswith("no data"))
    weighed = last if kpi.comparing else None
    return Card(
        name=kpi.name,
        critical=kpi.critical,
        tone=tone,
        icon=icon,
        word=word,
        why=why,
        picture=charts.picture(
            drawn,
            label=_label(kpi, facts, key, word),
            value=lambda value: _value(value, kpi),
            clock=lambda at: _clock(datetime.fromtimestamp(at, UTC), seconds=drawn.seconds),
        ),
        key=key,
        evidence=charts.evidence(weighed.e_value, weighed.bound) if weighed else 0.0,
        evidence_text=_number(weighed.e_value) if weighed and weighed.e_value is not None else "",
        bound_text=_number(weighed.bound) if weighed else "",
        is_harm=bool(weighed and weighed.e_value and weighed.bound and weighed.e_value >= weighed.bound),
    )


def _reading(kpi: KpiFacts, at: float, canary: float | None, stable: float | None) -> charts.Reading:
    return charts.Reading(at, canary, stable if kpi.compared else None)


def _frame(kpi: KpiFacts, window: tuple[datetime, datetime], events: tuple[charts.Event, ...]) -> charts.Frame:
    return charts.Frame(
        start=window[0].timestamp(),
        end=window[1].timestamp(),
        limit=kpi.limit,
        less_is_bad=kpi.less_is_bad,
        gap_seconds=max(15.0, 3 * (window[1] - window[0]).total_seconds() / POINTS),
        breach_at=kpi.failed_at.timestamp() if kpi.failed_at else None,
        events=events,
    )


def _key(kpi: KpiFacts, facts: RolloutFacts, last: Measurement | None, *, silent: bool) -> list[tuple[str, str, str]]:
    """What stands under the chart: line, name and value. A silent canary has none."""
    canary = last.canary if last and not silent else None
    key = [
        (
            "breach" if kpi.failed_at else "canary",
            f"canary {facts.candidate}" if facts.stable else facts.candidate,
            _value(canary, kpi),
        )
    ]
    if kpi.comparing:
        key.append(("stable", f"stable {facts.stable}", _value(last.stable if last else None, kpi)))
    return [*key, ("limit", "limit", _value(kpi.limit, kpi))] if kpi.limit is not None else key


def _state_in_words(kpi: KpiFacts, facts: RolloutFacts) -> tuple[str, str, str, str]:
    """Tone, icon, word and reason. Old news of a live rollout is no data, whatever the last verdict was."""
    age = {silent.name: age for silent, age in facts.silent}.get(kpi.name)
    if age is not None and kpi.verdict is not VerdictKind.FAIL:
        read = f"Last read at {_clock(kpi.newest_at, seconds=True)}." if kpi.newest_at else "Nothing was read yet."
        why = " ".join(filter(None, (kpi.problem, read, "Nothing grows until it is back.")))
        return "wait", "todo", f"no data for {span(age)}", why
    if not kpi.judged:
        return "none", "ring", "not compared", f"At 100\u00a0% nobody is left {_left(facts)} to compare with."
    return kpi.verdict.tone, kpi.verdict.icon, kpi.verdict.label, kpi.reason


def _left(facts: RolloutFacts) -> str:
    return f"on {facts.stable}" if facts.stable else "without it"


def _label(kpi: KpiFacts, facts: RolloutFacts, key: Sequence[tuple[str, str, str]], word: str) -> str:
    """What a sighted reader would conclude from the chart."""
    values = ", ".join(f"{name} {value}" for _, name, value in key)
    ended = ""
    if facts.state is RolloutState.ROLLED_BACK and facts.ended_at:
        ended = f", rolled back at {_clock(facts.ended_at, seconds=True)}"
    return f"{kpi.name}: {word}. {values}{ended}".replace("\u00a0%", " percent")


def _value(value: float | None, kpi: KpiFacts) -> str:
    if value is None:
        return "none"
    return f"{_number(value * 100)}\u00a0%" if kpi.unit == "%" else _number(value)


def _number(value: float | None) -> str:
    """Three significant digits at most, without exponents people would have to read."""
    if value is None:
        return "none"
    if value >= 1000:
        return "over 1\u00a0000" if value >= 10_000 else f"{value:.0f}"
    return f"{float(f'{value:.3g}'):g}"


def _clock(at: datetime, *, seconds: bool) -> str:
    return f"{timezone.localtime(at):{'%H:%M:%S' if seconds else '%H:%M'}}"
