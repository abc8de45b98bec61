"""The mails that were sent: read back from the demo's mailbox, a folder of .eml files."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings

NEWEST = 40
_ADDRESS = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class Mail:
    """One delivered mail; `link` is the first address of this site in it, as a path."""

    at: datetime | None
    to: str
    subject: str
    text: str
    link: str


def delivered(folder: Path, limit: int = NEWEST) -> list[Mail]:
    """The newest mails first. Only what Slipway told people: a password's reset is nobody else's business."""
    files = sorted(folder.glob("*.eml"), reverse=True) if folder.is_dir() else []
    read = (_read(file) for file in files[: 3 * limit])
    return [mail for mail in read if mail is not None][:limit]


def _read(file: Path) -> Mail | None:
    try:
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
    except OSError:
        return None
    if not str(message["Message-ID"] or "").rstrip("> \t").endswith("@slipway"):
        return None
    body = message.get_body(preferencelist=("plain",))
    text = body.get_content() if body else ""
    return Mail(
        _date(str(message["Date"] or "")),
        str(message["To"] or ""),
        str(message["Subject"] or ""),
        text.strip(),
        _link(text),
    )


def _date(text: str) -> datetime | None:
    """A date whose zone is unknown is in UTC, as Django writes it."""
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _link(text: str) -> str:
    for found in _ADDRESS.findall(text):
        if found.startswith(f"{settings.SITE_URL}/"):
            return str(found.removeprefix(settings.SITE_URL).rstrip(".,)"))
    return ""
