"""What the actions of this room share."""

import secrets

from core import locks
from core.audit import text_hash
from core.choices import RoleKind
from core.errors import Conflict, Refused
from releases.choices import ReleaseStatus
from releases.models import Release

EVERYBODY_AT_WORK = tuple(kind for kind in RoleKind if kind != RoleKind.VIEWER)
LONGEST_NOTE = 4_000


def locked(release: Release) -> Release:
    """The release row, held: growth waits for us or we for it. Raises Conflict on a finished release."""
    locks.bounded()
    held = Release.objects.select_for_update(of=("self",)).select_related("product").get(pk=release.pk)
    if ReleaseStatus(held.status).is_finished:
        raise Conflict(f"{held} is {held.get_status_display().lower()}; nothing can be tested in it any more.")
    return held


def salted(text: str) -> tuple[str, str]:
    """A new salt, and what the fact keeps of `text`: nothing of none. Raises Refused for what cannot be kept."""
    if len(text) > LONGEST_NOTE:
        raise Refused(f"A note has at most {LONGEST_NOTE} characters.", field="note")
    if "\x00" in text:
        raise Refused("A note holds a null character.", field="note")
    salt = secrets.token_hex(16)
    return salt, text_hash(salt, text) if text else ""
