"""Answers that take many queries, kept until the record of what they are about grows, half a minute at most."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.core.cache import cache

from core.models import AuditStream

Key = TypeVar("Key", bound=object)
Answer = TypeVar("Answer")

SECONDS = 30
"""For what changes without a word in the record: ages, windows, what a slot says of itself."""


def by_record(name: str, about: Mapping[Key, Sequence[str]], answer: Callable[[Key], Answer]) -> dict[Key, Answer]:
    """`answer(key)` for each key of `about`, anew only where one of its streams has a new head. One query for those
    that are known. `name` tells one kind of answer from another; answers are pickled.
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


def _place(name: str, key: object, heads: Sequence[str]) -> str:
    return f"{name}:{key}:{':'.join(head[:16] for head in heads)}"
