"""Times and durations as people read them. Screens, mails and gate sentences all use these."""

import re
import textwrap
from datetime import datetime, timedelta

from django.utils import timezone


def moment(at: datetime, *, zone: bool = True) -> str:
    """``Tue 24 Nov 09:00 CET`` in the reader's zone; with its year once it is not this one."""
    local = timezone.localtime(at)
    year = f" {local.year}" if local.year != timezone.localtime().year else ""
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}{f' {local:%Z}' if zone else ''}"


def short(at: datetime) -> str:
    """``Fri 13:50`` within the last six days, ``16 Nov 10:20`` before; the zone stands elsewhere on the page."""
    local = timezone.localtime(at)
    if timedelta() <= timezone.now() - at < timedelta(days=6):
        return f"{local:%a %H:%M}"
    year = f" {local.year}" if local.year != timezone.localtime().year else ""
    return f"{local.day} {local:%b}{year} {local:%H:%M}"


def span(duration: timedelta) -> str:
    """``2 d 4 h``, ``1 h 5 min``, ``40 s``: the two largest units, rounded down, with no-break spaces."""
    seconds = max(int(duration.total_seconds()), 0)
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    while len(units) > 1 and units[0][0] == 0:
        units.pop(0)
    kept = [units[0]] + [unit for unit in units[1:2] if unit[0] and not (units[0][1] == "min" and units[0][0] >= 10)]
    return "\u00a0".join(f"{count}\u00a0{unit}" for count, unit in kept)


def ago(at: datetime, now: datetime | None = None) -> str:
    """``2 d 4 h ago``; ``just now`` within five seconds; ``in 3 h`` for what is still to come."""
    passed = (now or timezone.now()) - at
    if abs(passed) < timedelta(seconds=5):
        return "just now"
    return f"{span(passed)} ago" if passed > timedelta() else f"in {span(-passed)}"


def brief(text: str, most: int) -> str:
    """What fits a glance: all of it, else as many of its sentences as fit, else its words up to an ellipsis."""
    if len(text) <= most:
        return text
    kept = ""
    for sentence in re.split(r"(?<=[.;])\s+", text):
        if len(kept) + len(sentence) >= most:
            break
        kept = f"{kept} {sentence}".lstrip()
    return (
        kept.rstrip(".; ")
        or f"{text[:most].rpartition(' ')[0] or text[:most]}".rstrip(",:;. ") + "\N{HORIZONTAL ELLIPSIS}"
    )


def in_columns(text: str, width: int = 72) -> str:
    """Plain text as mail programs show it best: lines of `width` at most, addresses whole, what follows a term
    (``Build: …``) indented, one empty line between paragraphs.
    """
    folded = "\n".join(_folded(line, width) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", folded) + "\n"


def _folded(line: str, width: int) -> str:
    if len(line) <= width:
        return line  # as written: a signature's "-- " ends in a space
    indent = "  " if re.match(r"[A-Z][\w ]{0,20}: ", line) else ""
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
