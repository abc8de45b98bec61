"""What a topic (``release:7``) is about, and who may watch it. `settings.TOPICS` names a model per kind; its
`visible_to` decides.
"""

import re
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import CharField, Q, Value
from django.db.models.functions import Cast, Concat

from core.models import Product, User

_FORM = re.compile(r"([a-z]+):([0-9]{1,18})")


def may_watch(user: User, topic: str) -> bool:
    """Whether `user` may hear of `topic`, and read its record. Unknown kinds: nobody."""
    form = _FORM.fullmatch(topic)
    if not form or form[1] not in settings.TOPICS or not user.is_active:
        return False
    return bool(_visible(form[1], user).filter(pk=int(form[2])).exists())


def readable(user: User, field: str = "stream_id", product: Product | None = None) -> Q:
    """Restricts rows whose `field` names a stream to those `user` may read; one's own is among them, unless only those
    of one `product` are wanted.
    """
    streams = Q(**{field: f"person:{user.pk}"}) if product is None else Q(pk__in=[])
    for kind in settings.TOPICS:
        seen = _visible(kind, user)
        if product is not None:
            seen = seen.filter(**{settings.TOPIC_PRODUCTS[kind]: product.pk})
        keys = seen.values_list(Concat(Value(f"{kind}:"), Cast("pk", CharField())), flat=True)
        streams |= Q(**{f"{field}__in": keys.order_by()})
    return streams


def names(streams: Iterable[str]) -> dict[str, str]:
    """What people call `streams`, of those that have a name or a key; one query per kind."""
    wanted: dict[str, list[int]] = {}
    for form in filter(None, map(_FORM.fullmatch, set(streams))):
        wanted.setdefault(form[1], []).append(int(form[2]))
    found: dict[str, str] = {}
    for kind in settings.TOPICS.keys() & wanted.keys():
        rows = apps.get_model(settings.TOPICS[kind])._default_manager.filter(pk__in=wanted[kind])
        called = {row.pk: getattr(row, "name", "") or getattr(row, "key", "") for row in rows}
        found |= {f"{kind}:{pk}": name for pk, name in called.items() if name}
    return found


def _visible(kind: str, user: User) -> Any:
    return apps.get_model(settings.TOPICS[kind])._default_manager.visible_to(user)
