"""What needs this person today. `settings.TODAY` names one function per room."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from core.models import Product, User
from core.ui import Line, Point

GROUPS = {
    "decision": (
        "Needs my decision",
        "No signature is asked of you.",
        "When a release needs you to sign or to press go, it appears here, and you get one e-mail.",
    ),
    "testing": (
        "Needs my testing",
        "Nothing to test.",
        "Scenarios of your products appear here, and those whose build changed after your pass.",
    ),
    "rollout": (
        "Rolling out now",
        "Nothing is moving.",
        "While a rollout runs, its step, its KPIs and its next action are here.",
    ),
    "blocked": (
        "Blocked or waiting",
        "Nothing is blocked.",
        "A release that cannot go on appears here with the reason and who can help.",
    ),
}
"""Key → title, what is true while nothing is in it, and what will arrive there."""

MEANWHILE = "meanwhile"
"""Rows of this group are sentences (`why`) for the page on which nothing else stands."""

TOPICS = 18  # of what is shown; a stream takes 20


@dataclass(frozen=True, kw_only=True)
class Work:
    """One row. `group` is a key of GROUPS, or MEANWHILE.

    `frees` counts the features that it lets go on (what frees most stands first), `sets_free` names the release and
    `then` answers what comes next for it; it is asked for the first row alone. `meta` and `note` (or `since`) stand
    beside the text, `points` draw a small slipway in place of `meta`. `topic` changes whenever the row may, `product`
    is the id of the one it belongs to. `count`: how many things the row stands for.
    """

    group: str
    title: str
    why: str
    url: str
    act: str
    tone: str
    icon: str
    word: str
    meta: str = ""
    note: str = ""
    since: datetime | None = None
    points: Sequence[Point] = ()
    frees: int = 0
    sets_free: str = ""
    then: Callable[[], str] = str
    topic: str = ""
    product: int = 0
    count: int = 1


WorkFunction = Callable[[User, datetime], Sequence[Work]]


def work(user: User, now: datetime, product: Product | None = None) -> list[Work]:
    """All of it, or what belongs to `product`: what frees most first, then what waits longest."""
    functions: list[WorkFunction] = [import_string(path) for path in settings.TODAY]
    rows = [row for function in functions for row in function(user, now)]
    kept = [row for row in rows if product is None or row.product in {0, product.pk}]
    return sorted(kept, key=lambda row: (-row.frees, row.since or now))


@dataclass(frozen=True)
class Day:
    """One person's day: the rows by group, and what is said of them."""

    rows: Sequence[Work]
    groups: Mapping[str, list[Work]] = field(init=False)

    def __post_init__(self) -> None:
        found = {key: [row for row in self.rows if row.group == key] for key in [*GROUPS, MEANWHILE]}
        object.__setattr__(self, "groups", found)

    @property
    def waiting(self) -> list[Work]:
        """What waits for this person, in the order of the page."""
        return self.groups["decision"] + self.groups["testing"]

    @property
    def is_empty(self) -> bool:
        return not any(self.groups[key] for key in GROUPS)

    @property
    def counts(self) -> dict[str, int]:
        """What the navigation says beside its entries."""
        return {
            "today": len(self.waiting),
            "testing": sum(row.count for row in self.groups["testing"]),
            "rollouts": len(self.groups["rollout"]),
        }

    @property
    def topics(self) -> list[str]:
        return list(dict.fromkeys(row.topic for row in self.rows if row.topic))[:TOPICS]

    @property
    def meanwhile(self) -> str:
        return " ".join(row.why for row in self.groups[MEANWHILE])

    @property
    def line(self) -> Line | None:
        """The sentence of the page: how many wait, and what the first one frees. None for a day without anything."""
        if self.is_empty:
            return None
        if not self.waiting:
            moving, blocked = len(self.groups["rollout"]), len(self.groups["blocked"])
            text = f"{moving} rolling out now" if moving else f"{blocked} blocked on others"
            return Line("live" if moving else "none", "live" if moving else "open", "Nothing waits for you;", text)
        first, many = self.waiting[0], len(self.waiting) > 1
        lead = f"{len(self.waiting)} things wait for you;" if many else "1 thing waits for you;"
        text = f"{'the first one' if many else 'it'} frees {first.sets_free}" if first.sets_free else first.title
        return Line("wait", "waiting", lead, text, first.then() if first.sets_free else "")
