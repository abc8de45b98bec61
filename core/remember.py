"""Answers that take many queries, kept until the record of what they are about grows, half a minute at most."""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.cache import cache
from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.db.models.expressions import RawSQL
from django.utils import timezone

from core.models import AuditStream

Key = TypeVar("Key", bound=object)
Answer = TypeVar("Answer")

SECONDS = 30
"""For what changes without a word in the record: ages, windows, what a slot says of itself."""

_asking: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()


def by_record(name: str, about: Mapping[Key, Sequence[str]], answer: Callable[[Key], Answer]) -> dict[Key, Answer]:
    """`answer(key)` for each key of `about`, anew only where one of its streams has a new head. One query for those
    that are known. `name` tells one kind of answer from another, and whose it is if it is one person's; each time zone
    has its own, for an answer may be words. Answers are pickled.
    """
    wanted = {stream for streams in about.values() for stream in streams}
    heads = dict(AuditStream.objects.filter(key__in=wanted).values_list("key", "head"))
    places = {key: _place(name, key, [heads.get(stream, "") for stream in streams]) for key, streams in about.items()}
    known: dict[str, Any] = cache.get_many(places.values())
    for key, place in places.items():
        if place not in known:
            known[place] = answer(key)
            cache.set(place, known[place], SECONDS)
    return {key: known[place] for key, place in places.items()}


def once(name: str, state: object, answer: Callable[[], Answer], seconds: float) -> Answer:
    """`answer()` as long as `state` is the same, `seconds` at most. Of those who come at once one asks, the others
    wait for what it finds. Read `state` before: an answer may be newer than its state, and never older.
    """
    place = f"{name}:{hashlib.sha256(repr(state).encode()).hexdigest()[:32]}"
    with _asking.setdefault(place, threading.Lock()):
        known: tuple[Answer] | None = cache.get(place)
        if known is None:
            known = (answer(),)
            cache.set(place, known, seconds)
    return known[0]


def versions(rows: QuerySet[Any, Any], link: str) -> Subquery:
    """To annotate with: which versions of `rows`, those whose `link` is the annotated row's key, stand in the database.
    PostgreSQL keeps them: whatever is written to one of them, by whomever, this changes.
    """
    version = RawSQL("concat(xmin, ctid)", (), output_field=TextField())
    own = rows.filter(**{link: OuterRef("pk")}).order_by().values(link)
    return Subquery(own.annotate(versions=ArrayAgg(version, order_by="pk")).values("versions"))


def _place(name: str, key: object, heads: Sequence[str]) -> str:
    zone = timezone.get_current_timezone_name()
    return f"{name}:{key}:{hashlib.sha256(repr((zone, heads)).encode()).hexdigest()[:32]}"
