"""Audit entries as sentences. `settings.AUDIT_SENTENCES` names one mapping per room: action → `Sentence`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from core.models import AuditEntry, User


@dataclass(frozen=True)
class Sentence:
    """How one action reads. `form` may use {actor} (Slipway itself if nobody), the keys of `data` and of the texts;
    missing ones read as "…".
    """

    tone: str
    icon: str
    form: str


SENTENCES: dict[str, Sentence] = {
    "role_granted": Sentence("none", "plus", "{actor} made {person} {role}"),
    "role_revoked": Sentence("wait", "x", "{actor} took the role {role} from {person}"),
    "team_joined": Sentence("none", "plus", "{actor} put {person} into {team_name}"),
    "team_left": Sentence("wait", "x", "{actor} took {person} out of {team_name}"),
    "token_issued": Sentence("none", "lock", "{actor} issued the token {prefix}…"),
    "token_revoked": Sentence("wait", "x", "{actor} revoked the token {prefix}…"),
    "admin_added": Sentence("none", "plus", "{actor} added {kind} {id} in the admin site"),
    "admin_changed": Sentence("none", "file", "{actor} changed {kind} {id} in the admin site"),
    "admin_deleted": Sentence("wait", "x", "{actor} deleted {kind} {id} in the admin site"),
    "person_erased": Sentence("wait", "x", "A person was erased, with {texts} texts"),
}


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
    who = {"person": _name(entry.data["person"])} if "person" in entry.data else {}
    return Sentence(
        known.tone, known.icon, known.form.format_map(_Lenient({**entry.data, **texts, **who, "actor": actor}))
    )


def _name(person_id: object) -> str:
    """An entry holds ids only; the name stands with the person, who may have been erased."""
    person = User.objects.filter(pk=person_id).first() if isinstance(person_id, int) else None
    return str(person) if person else "somebody"
