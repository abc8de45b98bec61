"""What ships, and behind which flags: facts in, an answer out."""

from collections.abc import Sequence
from dataclasses import dataclass

from releases.rules.states import Answer, blocked, is_open, waiting
from releases.rules.words import join


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A feature, the flags that guard it, or why it has none."""

    id: int
    name: str
    flags: tuple["Flag", ...] = ()
    no_flag_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Flag:
    key: str
    claimed: bool = True
    """Whether this release holds it, so that nobody else can let it grow."""
    archived: bool = False


def scope(
    features: Sequence[Feature], after: Sequence[tuple[int, int]], linked: Sequence[int], way_back: str
) -> Answer:
    """`after` holds (feature, the one it comes after); `linked` the ids at either end of any link."""
    if not features:
        return waiting("No feature yet.")
    ids = {feature.id for feature in features}
    if not ids.issuperset(linked):
        return blocked("A feature depends on one that is not in this release.")
    circle = _circle(ids, after)
    if circle:
        names = [feature.name for feature in features if feature.id in circle]
        return blocked(f"{join(names)} wait for each other.")
    if not way_back.strip():
        return waiting("The way back is not written.")
    if len(features) == 1:
        return is_open("1 feature agreed, with a way back.")
    return is_open(f"{len(features)} features agreed, each with a way back.")


def _circle(ids: set[int], after: Sequence[tuple[int, int]]) -> set[int]:
    """The features that can never come first: those in a circle, and those behind one."""
    left = set(ids)
    while True:
        free = {one for one in left if not any(a == one and b in left for a, b in after)}
        if not free:
            return left
        left -= free


def flag_coverage(features: Sequence[Feature]) -> Answer:
    """Each feature needs a flag that this release holds, or a stated reason why not."""
    if not features:
        return waiting("No feature yet.")
    for feature in features:
        for flag in feature.flags:
            if flag.archived:
                return blocked(f"{flag.key} of {feature.name} is archived.")
            if not flag.claimed:
                return blocked(f"{flag.key} of {feature.name} is not held by this release.")
    bare = [feature.name for feature in features if not feature.flags and not feature.no_flag_reason.strip()]
    if bare:
        return waiting(f"{join(bare)} {'has' if len(bare) == 1 else 'have'} no flag, and no reason why not.")
    with_flag = sum(bool(feature.flags) for feature in features)
    verb = "has" if with_flag == 1 else "have"
    reasons = len(features) - with_flag
    tail = f"; {reasons} {'says' if reasons == 1 else 'say'} why not" if reasons else ""
    of_them = f"{len(features)} feature{'s' if len(features) != 1 else ''}"
    return is_open(f"{with_flag} of {of_them} {verb} a flag{tail}.")
