"""What a topic (``release:7``) is about, and who may watch it. `settings.TOPICS` names a model per kind; its
`visible_to` decides.
"""

import re
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import CharField, Q, Value
from django.db.models.functions import Cast, Concat

from core.models import User

_FORM = re.compile(r"([a-z]+):([0-9]{1,18})")


def may_watch(user: User, topic: str) -> bool:
    """Whether `user` may hear of `topic`, and read its record. Unknown kinds: nobody."""
    form = _FORM.fullmatch(topic)
    if not form or form[1] not in settings.TOPICS or not user.is_active:
        return False
    return bool(_visible(form[1], user).filter(pk=int(form[2])).exists())


def readable(user: User, field: str = "stream_id") -> Q:
    """Restricts rows whose `field` names a stream to those `user` may read; one's own is among them."""
    streams = Q(**{field: f"person:{user.pk}"})
    for kind in settings.TOPICS:
        keys = _visible(kind, user).values_list(Concat(Value(f"{kind}:"), Cast("pk", CharField())), flat=True)
        streams |= Q(**{f"{field}__in": keys.order_by()})
    return streams


def _visible(kind: str, user: User) -> Any:
    return apps.get_model(settings.TOPICS[kind])._default_manager.visible_to(user)
