"""What a topic (``release:7``) is about, and who may watch it. `settings.TOPICS` names a model per kind; its
`visible_to` decides.
"""

import re

from django.apps import apps
from django.conf import settings

from core.models import User

_FORM = re.compile(r"([a-z]+):([0-9]{1,18})")


def may_watch(user: User, topic: str) -> bool:
    """Whether `user` may hear of `topic`, and read its record. Unknown kinds: nobody."""
    form = _FORM.fullmatch(topic)
    if not form or form[1] not in settings.TOPICS or not user.is_active:
        return False
    manager = apps.get_model(settings.TOPICS[form[1]])._default_manager
    return bool(manager.visible_to(user).filter(pk=int(form[2])).exists())
