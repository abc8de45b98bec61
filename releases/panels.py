"""What other rooms show on the release page. `settings.RELEASE_PANELS` names one function per room."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from core.models import User
from core.panels import Panel as BasePanel
from core.ui import Line
from releases.models import Release

READY = ""
"""Stands for a gate's key where every gate is open."""


@dataclass(frozen=True)
class Act:
    """A button that leads somewhere: its word, the address, and what it is about for who cannot see the row."""

    word: str
    url: str
    about: str = ""


@dataclass(frozen=True)
class Press:
    """What this person can do by pressing once: a POST to `url`, and nothing else."""

    word: str
    url: str
    icon: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel(BasePanel):
    """A section of the release page. `notes` are words for the phases of the rail (phase value → note), `then` is what
    follows once all gates are open (``5 % on Tue 24 Nov 09:00 CET``). `line` takes the place of the page's first line,
    and `act` of its button: what moves users now says best how the release is. `presses` (gate key → what can be
    pressed) are offered beside it while the release waits for that gate, the first of them only;
    the one for `READY` once it waits for none.
    """

    notes: Mapping[str, str] = field(default_factory=dict)
    then: str = ""
    line: Line | None = None
    act: Act | None = None
    presses: Mapping[str, Press] = field(default_factory=dict)


PanelFunction = Callable[[Release, User, datetime], Sequence[Panel]]


def panels(release: Release, user: User, now: datetime) -> list[Panel]:
    functions: list[PanelFunction] = [import_string(path) for path in settings.RELEASE_PANELS]
    return [panel for function in functions for panel in function(release, user, now)]
