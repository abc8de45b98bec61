"""How a gate can stand, and an answer with its reason."""

from dataclasses import dataclass
from enum import StrEnum


class GateState(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    BLOCKED = "blocked"

    @property
    def tone(self) -> str:
        return {"open": "good", "waiting": "wait", "blocked": "bad"}[self.value]

    @property
    def icon(self) -> str:
        return self.value


class OnClose(StrEnum):
    """What a running rollout does when this gate closes: hold lifts itself, pause needs a person."""

    HOLD = "hold"
    PAUSE = "pause"


@dataclass(frozen=True)
class Answer:
    """How a gate stands, in one sentence. `about`: the id of the fact that decided."""

    state: GateState
    sentence: str
    about: int | None = None

    @property
    def is_open(self) -> bool:
        return self.state is GateState.OPEN


def is_open(sentence: str, about: int | None = None) -> Answer:
    return Answer(GateState.OPEN, sentence, about)


def waiting(sentence: str, about: int | None = None) -> Answer:
    return Answer(GateState.WAITING, sentence, about)


def blocked(sentence: str, about: int | None = None) -> Answer:
    return Answer(GateState.BLOCKED, sentence, about)
