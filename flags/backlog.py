"""The backlog: flags that can go, whose they are and what still stands in the way; and what was archived."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from core.models import AuditEntry, Role, User
from flags import code
from flags.actions import MAY_CHANGE, UNDO
from flags.choices import Due
from flags.code import Mentions
from flags.hindrances import hindrances
from flags.lifecycle import Life, Reason
from flags.lives import lives
from flags.models import CleanUp, Flag
from flags.planned import reason_in


@dataclass(frozen=True, kw_only=True)
class Row:
    """One flag that can go. `members`: whom one may ask where the owner cannot be; empty for who may not ask.
    `hindrances`: what the action would refuse it for.
    """

    flag: Flag
    life: Life
    age: str
    may: bool
    asked: CleanUp | None = None
    mentions: Mentions | None = None
    hindrances: Sequence[str] = ()
    owner: User | None = None
    members: Sequence[User] = ()

    @property
    def reason(self) -> Reason:
        """The strongest; of what is not due yet, the one that is coming."""
        reason = self.life.reasons[0] if self.life.is_due else self.life.coming
        assert reason
        return reason

    @property
    def more(self) -> str:
        return " ".join(reason.sentence for reason in self.life.reasons[1:])

    @property
    def whose(self) -> User | None:
        """Who is to take it out: whoever is asked, else its owner."""
        return self.asked.owner if self.asked else self.owner

    @property
    def in_the_way(self) -> str:
        """Why it cannot be archived yet; empty if it can."""
        return " ".join(self.hindrances)

    @property
    def can_ask(self) -> bool:
        return self.may and self.asked is None and not self.flag.claim

    @property
    def can_archive(self) -> bool:
        return self.may and not self.hindrances


@dataclass(frozen=True)
class Group:
    """Rows under one heading: a reason, or a person."""

    title: str
    note: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Gone:
    """An archived flag: who archived it and why, and until when that can be undone."""

    flag: Flag
    entry: AuditEntry | None
    until: datetime
    can_undo: bool
    mentions: Mentions | None = None

    @property
    def why(self) -> str:
        return reason_in(self.entry)


def rows(flags: QuerySet[Flag], user: User, now: datetime) -> list[Row]:
    """Those of `flags` (which this person may see) that can go, or soon can because a release has let them go; what has
    held longest first. The number of queries does not grow with them.
    """
    asked = Prefetch("clean_ups", CleanUp.objects.filter(done_at=None).select_related("owner", "asked_by"))
    in_use = flags.filter(archived_at=None).select_related("product", "owner")
    shown = list(in_use.prefetch_related("states__environment", asked))
    due = {pk: life for pk, life in lives(shown, now).items() if life.is_due or life.coming}
    kept = [flag for flag in shown if flag.pk in due]
    products = {flag.product_id for flag in kept}
    mentioned, in_the_way, people = code.mentions(kept), hindrances(kept), _People.of(products)
    found = [
        Row(
            flag=flag,
            life=due[flag.pk],
            age=f"{(now - flag.created_at).days}\u00a0d",
            may=people.may(user, flag),
            asked=next(iter(flag.clean_ups.all()), None),
            mentions=mentioned.get(flag.pk),
            hindrances=in_the_way[flag.pk],
            owner=flag.owner if people.works(flag.owner, flag) else None,
            members=people.members(flag) if people.may(user, flag) else (),
        )
        for flag in kept
    ]
    return sorted(found, key=lambda row: (row.reason.since, row.flag.key))


def row_of(flag: Flag, user: User, now: datetime) -> Row | None:
    """None for one that cannot go."""
    return next(iter(rows(Flag.objects.filter(pk=flag.pk), user, now)), None)


def mine(found: Iterable[Row], user: User) -> list[Row]:
    """What this person owns or is asked to take out."""
    return [row for row in found if row.whose == user]


def counts(found: Iterable[Row]) -> Mapping[str, int]:
    """How many there are for each reason; one flag may have several."""
    return Counter(due for row in found for due in row.life.dues)


def by_reason(found: Sequence[Row], only: str = "") -> list[Group]:
    """Each once, under its strongest reason; with `only`, all that have that one."""
    if only:
        return [Group(Due(only).label, Due(only).note, [row for row in found if only in row.life.dues])]
    held: dict[Due, list[Row]] = {due: [] for due in Due}
    for row in found:
        held[row.reason.due].append(row)
    return [Group(due.label, due.note, held[due]) for due in Due if held[due]]


def by_owner(found: Sequence[Row], only: str = "") -> list[Group]:
    """Who has most to do first; last what nobody owns."""
    held: dict[User | None, list[Row]] = defaultdict(list)
    for row in found:
        if not only or only in row.life.dues:
            held[row.whose].append(row)
    people = sorted((one for one in held if one), key=lambda one: (-len(held[one]), one.name))
    groups = [Group(str(one), "", held[one]) for one in people]
    return [*groups, *([Group("Nobody", "choose who takes them out", held[None])] if None in held else [])]


def archived(flags: QuerySet[Flag], user: User, now: datetime) -> list[Gone]:
    """What answers nobody any more, the latest first. Those that code still mentions say so."""
    shown = list(flags.filter(archived_at__isnull=False).select_related("product", "owner").order_by("-archived_at"))
    subjects = {f"flag:{flag.pk}": flag.pk for flag in shown}
    said = AuditEntry.objects.filter(action="flag_archived", subject__in=subjects).order_by("subject", "-at")
    entries = {
        subjects[one.subject]: one for one in said.distinct("subject").select_related("actor").prefetch_related("texts")
    }
    mentioned, people = code.mentions(shown), _People.of({flag.product_id for flag in shown})
    return [
        Gone(
            flag,
            entries.get(flag.pk),
            until=_until(flag),
            can_undo=people.may(user, flag) and now <= _until(flag),
            mentions=mentioned.get(flag.pk),
        )
        for flag in shown
    ]


def _until(flag: Flag) -> datetime:
    assert flag.archived_at
    return flag.archived_at + UNDO


@dataclass
class _People:
    """Who works on the products, and who of them may change flags."""

    by_product: dict[int, dict[int, User]] = field(default_factory=lambda: defaultdict(dict))
    changers: set[tuple[int, int]] = field(default_factory=set)

    @classmethod
    def of(cls, products: Iterable[int]) -> _People:
        found = cls()
        roles = Role.objects.filter(product__in=list(products), user__is_active=True).select_related("user")
        for role in roles.order_by("user__name"):
            if not role.user.is_service and role.user.erased_at is None:
                found.by_product[role.product_id][role.user_id] = role.user
            if role.kind in MAY_CHANGE:
                found.changers.add((role.product_id, role.user_id))
        return found

    def members(self, flag: Flag) -> list[User]:
        return list(self.by_product[flag.product_id].values())

    def works(self, person: User | None, flag: Flag) -> bool:
        return person is not None and person.pk in self.by_product[flag.product_id]

    def may(self, person: User, flag: Flag) -> bool:
        return (flag.product_id, person.pk) in self.changers
