"""The first line of a release, and its slipway: gates and a status in, words out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from core.ui import Line, Point
from core.words import brief, span
from releases.choices import ReleaseStatus
from releases.rules.states import GateState, OnClose


class GateFacts(Protocol):
    """What of a gate the first line needs."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> GateState: ...
    @property
    def sentence(self) -> str: ...
    @property
    def who(self) -> str: ...
    @property
    def since(self) -> datetime | None: ...
    @property
    def on_close(self) -> OnClose: ...


_ENDED = {
    ReleaseStatus.COMPLETED: Line("good", "open", "Completed:", "everybody has it, and the watch is over"),
    ReleaseStatus.ROLLED_BACK: Line("bad", "back", "Rolled back:", "its rollout says why, and who has what now"),
    ReleaseStatus.CANCELLED: Line("none", "x", "Cancelled:", "it never went out"),
}
_LIVE = {
    ReleaseStatus.ROLLOUT: Line("live", "live", "Rolling out:", "every gate is open"),
    ReleaseStatus.WATCH: Line("live", "live", "Watching:", "everybody has it, and the way back is kept warm"),
}


def headline(gates: Sequence[GateFacts], status: ReleaseStatus, then: str, now: datetime) -> Line:
    """What is, whom it waits for and since when, and what follows. `then` is what follows once every gate is open."""
    if status in _ENDED:
        return _ENDED[status]
    shut = sorted((g for g in gates if g.state is not GateState.OPEN), key=lambda g: g.state is not GateState.BLOCKED)
    if not shut:
        line = _LIVE.get(status) or Line("good", "open", "Ready:", "every gate is open")
        return Line(line.tone, line.icon, line.lead, line.text, _then([], then))
    first, rest = shut[0], shut[1:]
    if status in _LIVE:
        pauses = any(gate.on_close is OnClose.PAUSE for gate in shut)
        lead = "Growth waits for a person:" if pauses else "Growth is held:"
        return Line("wait", "hold", lead, f"{first.name}. {first.sentence.rstrip('.')}", _then([], then))
    if first.state is GateState.BLOCKED and not (first.who and first.since):
        return Line("bad", "blocked", "Blocked:", first.sentence.rstrip("."), _then(rest, then))
    waits = f"{_name(first)}{_whom(first, now)}"
    more = "" if ": " in first.name else first.sentence  # of a team's signature the name says it all
    if first.state is GateState.BLOCKED:
        return Line("bad", "blocked", "Blocked:", f"waiting for {waits}", _then(rest, then), more)
    return Line("wait", "waiting", "Waiting", f"for {waits}", _then(rest, then), more)


def at_a_glance(line: Line) -> Line:
    """The line without what its reader finds in the gates and panels below: a reason's first sentence will do."""
    return replace(line, text=brief(line.text, _LONGEST), then=brief(line.then, _LONGEST))


_LONGEST = 80


def in_a_word(line: Line | None, status: ReleaseStatus) -> tuple[str, str, str]:
    """Tone, icon and word of a row in a list; without its sentence, the phase it is in."""
    words = {"blocked": "blocked", "waiting": "waiting", "open": "ready", "hold": "held"}
    if line is None or status.is_finished or line.icon not in words:
        return status.tone, status.icon, status.label
    return line.tone, line.icon, words[line.icon]


def in_a_row(line: Line) -> str:
    """``Waiting for Compliance (Ines Duarte, 2 d 4 h), then 5 %.``: the state stands in the row already."""
    said = line.text[:1].upper() + line.text[1:] if line.lead.endswith(":") else f"{line.lead} {line.text}"
    return f"{said}{f', {line.then}' if line.then else ''}.{f' {line.more}' if line.more else ''}"


def _name(gate: GateFacts) -> str:
    """``Sign-off: Compliance`` waits for Compliance."""
    return gate.name.rpartition(": ")[2]


def _whom(gate: GateFacts, now: datetime) -> str:
    said = [word for word in (gate.who, span(now - gate.since) if gate.since and gate.since <= now else "") if word]
    return f" ({', '.join(said)})" if said else ""


def _then(rest: Sequence[GateFacts], then: str) -> str:
    names = [_name(gate) for gate in rest[:2]]
    more = [f"{len(rest) - 2} more"] if len(rest) > 2 else []
    steps = " → ".join([*names, *more, *([then] if then else [])])
    return f"then {steps}" if steps else ""


_PHASES = (
    ReleaseStatus.DRAFT,
    ReleaseStatus.VALIDATION,
    ReleaseStatus.SIGNOFF,
    ReleaseStatus.ROLLOUT,
    ReleaseStatus.WATCH,
)


def phases(
    status: ReleaseStatus, notes: Mapping[str, str], open_share: float = 0.5, reached: ReleaseStatus | None = None
) -> list[Point]:
    """The slipway of a release. `open_share` (0 to 1) is how much of the present phase is done; `reached` is how far
    one came that was taken back or given up.
    """
    if status == ReleaseStatus.COMPLETED:
        return [Point(phase.label, notes.get(phase, ""), at="done") for phase in _PHASES]
    here = status if status in _PHASES else reached or ReleaseStatus.ROLLOUT
    back = status == ReleaseStatus.ROLLED_BACK
    index = _PHASES.index(here)
    points = []
    for order, phase in enumerate(_PHASES):
        note = notes.get(phase, "")
        if order < index:
            points.append(Point(phase.label, note, at="done"))
        elif order == index:
            share = 100 if back else min(95.0, max(8.0, round(open_share * 100)))
            points.append(Point(phase.label, note, at="now", done_to=share, undone=back))
        else:
            points.append(Point(phase.label, note))
    return points
