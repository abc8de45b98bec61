"""Gates: the one list of reasons why a release may or may not go on.

`settings.GATES` names, in order, one function per gate; each takes a `Question` and returns gates. The release page,
the CI endpoint and the engine all ask `readiness`, the engine within the transaction that would write growth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from releases.models import Release
from releases.rules import GateState, OnClose


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One reason. `sentence` ends with a full stop; `who` is whom it waits for (or who opened it), `since` when."""

    key: str
    name: str
    state: GateState
    sentence: str
    who: str = ""
    since: datetime | None = None
    url: str = ""
    act: str = "View"
    on_close: OnClose = OnClose.PAUSE

    @property
    def is_open(self) -> bool:
        return self.state is GateState.OPEN


@dataclass(frozen=True, kw_only=True)
class Question:
    """May `release` go on? `seal` and `digests` (product id → digest) are what a rollout pinned, else None."""

    release: Release
    now: datetime
    seal: str | None = None
    digests: dict[int, str] | None = field(default=None)


GateFunction = Callable[[Question], Sequence[Gate]]


def readiness(question: Question) -> list[Gate]:
    """Every gate of the release, in the order of `settings.GATES`. A gate that cannot answer raises."""
    functions: list[GateFunction] = [import_string(path) for path in settings.GATES]
    return [gate for function in functions for gate in function(question)]


def closed(gates: Sequence[Gate]) -> list[Gate]:
    """Those that are not open, blocked ones first."""
    return sorted((gate for gate in gates if not gate.is_open), key=lambda gate: gate.state is not GateState.BLOCKED)
