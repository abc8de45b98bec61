"""How often each variant of a flag was given lately in an environment: as a picture, a key and a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from core.bars import Bars, Series, bars, compact
from core.models import Environment
from core.weights import FULL, as_percent
from flags.buckets import SHADES, looks
from flags.models import Flag, FlagUsage
from flags.usage import ERROR

DAYS = 14


@dataclass(frozen=True)
class Answer:
    """One variant that was given so often on a day. `by_name`: somebody asked for this very flag."""

    day: date
    variant: str
    by_name: bool
    count: int


@dataclass(frozen=True)
class Share:
    """One entry of the key."""

    look: str
    name: str
    percent: str


@dataclass(frozen=True)
class Usage:
    """What the page shows. `picture` is None where nobody has asked."""

    environment: Environment
    picture: Bars | None = None
    shares: Sequence[Share] = ()
    says: str = ""


def usage(flag: Flag, environment: Environment, now: datetime) -> Usage:
    """The last fourteen days (UTC) up to `now`, in two queries."""
    today = now.astimezone(UTC).date()
    rows = FlagUsage.objects.filter(flag=flag, environment=environment, day__gt=today - timedelta(days=DAYS))
    found = [Answer(*row) for row in rows.values_list("day", "variant", "by_name", "count")]
    state = flag.states.filter(environment=environment).first()
    off = state.targeting["off"] if state else flag.variant_names[-1]
    return draw(environment, found, today, variants=flag.variant_names, off=off)


def draw(
    environment: Environment, answers: Sequence[Answer], today: date, *, variants: Sequence[str], off: str
) -> Usage:
    """`variants` are the flag's, in order; one that it no longer has still counts."""
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    given = [one for one in answers if one.count and days[0] <= one.day <= today]
    if not given:
        return Usage(environment)
    series = _series(given, days, variants, off)
    last = max(one.day for one in given)
    of_last = {one.name: one.values[days.index(last)] for one in series}
    shares = [Share(one.look, one.name, _percent(of_last[one.name], of_last)) for one in series]
    names = [_short(day) for day in days]
    label = _label(given, last, today, shares)
    return Usage(environment, bars(series, names, label=label), shares, _says(given, last, today))


def _series(given: Iterable[Answer], days: Sequence[date], variants: Sequence[str], off: str) -> list[Series]:
    counts: dict[str, dict[date, int]] = {}
    for one in given:
        of_variant = counts.setdefault(one.variant, {})
        of_variant[one.day] = of_variant.get(one.day, 0) + one.count
    had = [name for name in [*variants, *sorted(counts.keys() - set(variants))] if name in counts]
    shown = [name for name in had if name not in (off, ERROR)]
    drawn = looks([*variants, *(name for name in shown if name not in variants)], off)
    last = [name for name in shown if drawn[name] == SHADES[-1]]
    alone = shown if len(last) == 1 else [name for name in shown if name not in last]
    found = [_one(name, drawn[name], [name], counts, days) for name in alone]
    if len(last) > 1:
        found.append(_one(f"{len(last)} others", SHADES[-1], last, counts, days))
    for name, look, said in ((off, "soft", off), (ERROR, "bad", "no answer")):
        if name in counts:
            found.append(_one(said, look, [name], counts, days))
    return found


def _one(
    said: str, look: str, names: Sequence[str], counts: Mapping[str, Mapping[date, int]], days: Sequence[date]
) -> Series:
    return Series(said, look, [sum(counts[name].get(day, 0) for name in names) for day in days])


def _percent(count: int, of: Mapping[str, int]) -> str:
    total = sum(of.values())
    if 0 < count * 1000 < total:
        return f"under {as_percent(FULL // 1000)}"
    return as_percent(round(count * 1000 / total) * FULL // 1000)


def _label(given: Sequence[Answer], last: date, today: date, shares: Sequence[Share]) -> str:
    first = min(one.day for one in given)
    begun = f"none before {_long(first)}, " if (today - first).days < DAYS - 1 else ""
    count = compact(sum(one.count for one in given if one.day == last))
    parts = ", ".join(f"{one.percent} of them {one.name}" for one in shares)
    over = f"; none since {_long(last)}" if last < today - timedelta(days=1) else ""
    return f"Evaluations per day over {DAYS} days: {begun}{count} on {_long(last)}, {parts}{over}"


def _says(given: Sequence[Answer], last: date, today: date) -> str:
    """How many there were last, and who asked: an application that names the flag uses it, one that fetches all of
    them at once may not.
    """
    named = sum(one.count for one in given if one.day == last and one.by_name)
    bulk = sum(one.count for one in given if one.day == last and not one.by_name)
    when = "Today" if last == today else f"On {_long(last)}"
    if not bulk:
        who = "all of them asked for it by name"
    elif not named:
        who = "all of them in answers that held every flag; nobody asked for it by name"
    else:
        who = f"{compact(named)} asked for it by name, {compact(bulk)} in answers that held every flag"
    return (
        f"{when} {compact(named + bulk)} so far: {who}." if last == today else f"{when} {compact(named + bulk)}: {who}."
    )


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _long(day: date) -> str:
    return f"{day.day} {day:%B}"
