"""When nothing may grow: facts in, an answer out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.words import moment
from releases.rules.states import Answer, is_open, waiting


@dataclass(frozen=True, kw_only=True)
class Freeze:
    id: int
    reason: str
    starts_at: datetime
    ends_at: datetime


def freeze(freezes: Sequence[Freeze], now: datetime) -> Answer:
    """Closed from the first moment of a freeze up to, not including, its last."""
    current = [one for one in freezes if one.starts_at <= now < one.ends_at]
    if current:
        last = max(current, key=lambda one: one.ends_at)
        return waiting(f"Frozen until {moment(last.ends_at)}: {last.reason.rstrip('.')}.", last.id)
    coming = sorted((one for one in freezes if one.starts_at > now), key=lambda one: one.starts_at)
    if coming:
        return is_open(f"No freeze now; the next begins {moment(coming[0].starts_at)}.", coming[0].id)
    return is_open("No freeze.")


def on_the_wall(at: datetime, zone: ZoneInfo) -> datetime:
    """What `at` (without a zone, as people say it) means in `zone`: a time that does not exist is the next valid one,
    one that comes twice is the first.
    """
    meant = at.replace(tzinfo=zone, fold=0)
    while meant.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != meant.replace(tzinfo=None):
        meant = meant.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return meant
