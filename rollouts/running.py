"""What the plan's own slots run: where its users go to, and where they come from (P1).

`releases.gates.running_build` asks whether the candidate runs somewhere in production; a route sends users to one slot.
"""

from dataclasses import dataclass
from datetime import datetime

from core.words import span
from releases.models import Build, Slot
from releases.rules import FRESH, Answer, GateState, short


@dataclass(frozen=True, kw_only=True)
class SlotFact:
    """A slot by its newest deployment record and by what it said of itself. `answers`: it can be asked."""

    place: str
    digest: str = ""
    version: str = ""
    answers: bool = False
    said_digest: str = ""
    said: str = ""
    said_at: datetime | None = None


def new_side(slot: SlotFact, wanted: str, name: str, now: datetime) -> Answer:
    """The slot that users are sent to runs the build `wanted`, called `name`, by record and by its own fresh word."""
    if not wanted:
        return Answer(GateState.WAITING, "There is no build yet that could run there.")
    if slot.digest != wanted:
        found = f"runs {slot.version}" if slot.version else "runs nothing"
        return Answer(GateState.BLOCKED, f"Users are sent to {slot.place}, which {found} and not the signed {name}.")
    if not slot.answers:
        return Answer(GateState.OPEN, f"{slot.place} runs {name}, by its deployment record.")
    if slot.said_at is None:
        return Answer(GateState.WAITING, f"{slot.place} has not said yet what it runs.")
    if now - slot.said_at > FRESH:
        return Answer(GateState.WAITING, f"{slot.place} has not said what it runs for {span(now - slot.said_at)}.")
    if slot.said_digest != wanted:
        return Answer(
            GateState.BLOCKED, f"Users are sent to {slot.place}, which says it runs {slot.said} and not {name}."
        )
    return Answer(GateState.OPEN, f"{slot.place} runs {name} and says so.")


def old_side(slot: SlotFact, wanted: str, name: str) -> Answer:
    """The slot that users come from must not run the candidate too: nothing to compare with, and no way back."""
    if wanted and wanted in (slot.digest, slot.said_digest if slot.answers else ""):
        return Answer(GateState.BLOCKED, f"{slot.place} runs {name} too: there is no old version to go back to.")
    return Answer(GateState.OPEN, f"{slot.place} keeps the old version.")


def slot_fact(slot: Slot) -> SlotFact:
    """By at most two queries."""
    newest = slot.deployments.select_related("build").first()
    known = Build.objects.filter(product=slot.environment.product_id, digest=slot.observed_digest).first()
    said = known.version if known else short(slot.observed_digest)
    return SlotFact(
        place=str(slot),
        digest=newest.build.digest if newest else "",
        version=newest.build.version if newest else "",
        answers=bool(slot.version_url),
        said_digest=slot.observed_digest,
        said=said or "nothing",
        said_at=slot.observed_at,
    )
