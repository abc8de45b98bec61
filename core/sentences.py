"""Audit entries as sentences. `settings.AUDIT_SENTENCES` names one mapping per room: action → `Sentence`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from core.models import AuditEntry


@dataclass(frozen=True)
class Sentence:
    """How one action reads. `form` may use {actor} (Slipway itself if nobody), the keys of `data` and of the texts;
    missing ones read as "…".
    """

    tone: str
    icon: str
    form: str


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


@cache
def _all() -> Mapping[str, Sentence]:
    merged: dict[str, Sentence] = {}
    for path in settings.AUDIT_SENTENCES:
        merged |= import_string(path)
    return merged


def describe(entry: AuditEntry) -> Sentence:
    """The entry in words (`form` filled in). Unknown actions read as their name, so nothing is hidden."""
    known = _all().get(entry.action, Sentence("none", "audit", f"{{actor}}: {entry.action.replace('_', ' ')}"))
    texts = {text.field: text.text or "(erased)" for text in entry.texts.all()}
    actor = str(entry.actor) if entry.actor else "Slipway"
    return Sentence(known.tone, known.icon, known.form.format_map(_Lenient({**entry.data, **texts, "actor": actor})))
