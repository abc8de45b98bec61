"""What the approval page is to the one who reads it: a page to decide on, or one that says why not. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The reader and the stage, as the rules see them. Names are empty where they do not apply."""

    stage: str
    status: str = ""
    finished: bool = False
    counts: bool = False
    refused_myself: bool = False
    handed_to: str = ""
    instead_of: str = ""
    may_decide: bool = False
    fell: bool = False
    refused: bool = False
    granted: bool = False


@dataclass(frozen=True)
class Standpoint:
    """How the page opens. `lead` ends with a colon; the release follows it."""

    tone: str
    icon: str
    lead: str


def standpoint(one: Facts) -> Standpoint:
    """The first that is true, what has happened before what could."""
    stage = one.stage
    if one.finished:
        return Standpoint("none", "lock", f"{one.status}:")
    if one.counts:
        return Standpoint("good", "open", f"You signed for {stage}:")
    if one.refused_myself:
        return Standpoint("bad", "blocked", f"You refused for {stage}:")
    if one.handed_to:
        return Standpoint("none", "hand", f"You handed your part, for {stage}, to {one.handed_to}:")
    if one.may_decide and not one.granted:
        again = " again" if one.fell else ""
        instead = f" instead of {one.instead_of}" if one.instead_of else ""
        return Standpoint("wait", "waiting", f"Your signature{again}, for {stage}{instead}:")
    if one.refused:
        return Standpoint("bad", "blocked", f"Refused for {stage}:")
    if one.granted:
        return Standpoint("good", "open", f"Signed for {stage}:")
    return Standpoint("wait", "waiting", f"Waiting for {stage}:")
