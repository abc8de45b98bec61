"""Audit entries as sentences. `settings.AUDIT_SENTENCES` names one mapping per room: action → `Sentence`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from core.models import AuditEntry, User
from core.words import brief

ONE_CAUSE = timedelta(seconds=60)
"""Entries that read alike and stand this close together came of one cause, and a history tells them in one line."""
LONGEST = 110
"""Letters of a line in a history. The record itself is whole on the audit page."""


@dataclass(frozen=True)
class Sentence:
    """How one action reads. `form` may use {actor} (Slipway itself if nobody), the keys of `data` and of the texts;
    missing ones read as "…". `many` is how several of one cause read in a history: it has {count} too, and names only
    what they share.
    """

    tone: str
    icon: str
    form: str
    many: str = ""


@dataclass(frozen=True)
class Told:
    """A line of a history: one entry, or `count` of one cause, of which `entry` is the newest. Where the line begins
    with who did it, `bold` is that name and `rest` what follows.
    """

    entry: AuditEntry
    tone: str
    icon: str
    bold: str
    rest: str
    count: int = 1


SENTENCES: dict[str, Sentence] = {
    "role_granted": Sentence("none", "plus", "{actor} made {person} {role}"),
    "role_revoked": Sentence("wait", "x", "{actor} took the role {role} from {person}"),
    "product_created": Sentence("none", "plus", "{actor} opened the product {name}"),
    "product_changed": Sentence("none", "file", "{actor} set its name to {name}, its zone to {timezone}"),
    "environment_added": Sentence("none", "plus", "{actor} added the environment {environment}"),
    "team_created": Sentence("none", "plus", "{actor} made the team {team_name}"),
    "team_joined": Sentence("none", "plus", "{actor} put {person} into {team_name}"),
    "team_left": Sentence("wait", "x", "{actor} took {person} out of {team_name}"),
    "token_issued": Sentence("none", "lock", "{actor} issued the token {prefix}… ({name})"),
    "token_revoked": Sentence("wait", "x", "{actor} revoked the token {prefix}… ({name})"),
    "sessions_ended": Sentence("none", "out", "{actor} signed out everywhere else"),
    "admin_added": Sentence("none", "plus", "{actor} added {kind} {id} in the admin site"),
    "admin_changed": Sentence("none", "file", "{actor} changed {kind} {id} in the admin site"),
    "admin_deleted": Sentence("wait", "x", "{actor} deleted {kind} {id} in the admin site"),
    "mail_undeliverable": Sentence("bad", "mail", "A mail to {person} could not be delivered"),
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


def actions_named(words: str) -> list[str]:
    """The actions whose sentence holds `words`: what a person who looks for something in the record types."""
    return [action for action, sentence in _all().items() if words.lower() in sentence.form.lower()]


def describe(entry: AuditEntry) -> Sentence:
    """The entry in words (`form` filled in). Unknown actions read as their name, so nothing is hidden."""
    return describe_all([entry])[0]


def describe_all(entries: Sequence[AuditEntry]) -> list[Sentence]:
    """The same for many, with one query for all the people they name."""
    people = _people(entries)
    return [_filled(entry, people) for entry in entries]


def tell(entries: Iterable[AuditEntry], names: Mapping[str, str] | None = None) -> list[Told]:
    """A history to be read, in the order given (newest first): what came of one cause in one line, and no line longer
    than a glance. `names` says what a reader calls what the record calls otherwise (a digest → its version).
    """
    entries = list(entries)
    people = _people(entries)
    lines: list[Told] = []
    alike: list[str] = []
    for entry in entries:
        found = _filled(entry, people)
        near = [at for at, line in enumerate(lines) if found.many and line.entry.at - entry.at <= ONE_CAUSE]
        same = next((at for at in near if (alike[at], lines[at].entry.action) == (found.many, entry.action)), None)
        if same is None:
            lines.append(_line(entry, found, found.form, names or {}))
            alike.append(found.many)
        else:
            count = lines[same].count + 1
            text = found.many.replace(_COUNT, str(count))
            lines[same] = replace(_line(lines[same].entry, found, text, names or {}), count=count)
    return lines


_COUNT = "\0"
"""Stands for {count} in a form that is filled in before it is known."""


def _line(entry: AuditEntry, found: Sentence, text: str, names: Mapping[str, str]) -> Told:
    for known, called in names.items():
        text = text.replace(known, called)
    actor = _actor(entry)
    bold = actor if text.startswith(actor) else ""
    return Told(entry, found.tone, found.icon, bold, brief(text, LONGEST).removeprefix(bold))


def _filled(entry: AuditEntry, people: Mapping[int, str]) -> Sentence:
    known = _all().get(entry.action, Sentence("none", "audit", f"{{actor}}: {entry.action.replace('_', ' ')}"))
    texts = {text.field: text.text or "(erased)" for text in entry.texts.all()}
    who = {"person": people.get(entry.data["person"], "somebody")} if "person" in entry.data else {}
    words = _Lenient({**entry.data, **texts, **who, "actor": _actor(entry), "count": _COUNT})
    return replace(known, form=known.form.format_map(words), many=known.many.format_map(words))


def _actor(entry: AuditEntry) -> str:
    return str(entry.actor) if entry.actor else "Slipway"


def _people(entries: Iterable[AuditEntry]) -> dict[int, str]:
    """An entry holds ids only; the name stands with the person, who may have been erased."""
    ids = {entry.data["person"] for entry in entries if isinstance(entry.data.get("person"), int)}
    return {person.pk: str(person) for person in User.objects.filter(pk__in=ids)} if ids else {}
