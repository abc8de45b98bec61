"""What needs this person today. `settings.TODAY` names one function per room."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from core.models import User


@dataclass(frozen=True, kw_only=True)
class Work:
    """One row. `group` is decision, testing, rollout or blocked; `frees` counts what it unblocks (more first)."""

    group: str
    title: str
    why: str
    url: str
    act: str
    tone: str
    icon: str
    word: str
    meta: str = ""
    since: datetime | None = None
    frees: int = 0


WorkFunction = Callable[[User, datetime], Sequence[Work]]


def work(user: User, now: datetime) -> list[Work]:
    """All of it, what unblocks most first."""
    functions: list[WorkFunction] = [import_string(path) for path in settings.TODAY]
    rows = [row for function in functions for row in function(user, now)]
    return sorted(rows, key=lambda row: -row.frees)
