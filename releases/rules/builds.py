"""Which build is meant, and whether it is what runs: facts in, an answer out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.digests import short
from core.words import span
from releases.rules.states import Answer, GateState, blocked, is_open, waiting
from releases.rules.words import join

FRESH = timedelta(seconds=60)
"""How old what a slot said of itself may be."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A product that the release covers, its build if it has one, and what its newest regression check says."""

    product_id: int
    product: str
    version: str = ""
    digest: str = ""
    regression: str = ""
    """``pass``, ``fail``, or nothing yet."""
    check_id: int | None = None


def candidate(candidates: Sequence[Candidate], pinned: Mapping[int, str] | None) -> Answer:
    """Every product has a build, it is the pinned one if one was pinned, and its regression suite passed."""
    if not candidates:
        return blocked("The release covers no product.")
    if pinned is not None and pinned != {one.product_id: one.digest for one in candidates}:
        changed = [one.product for one in candidates if pinned.get(one.product_id) != one.digest]
        return blocked(f"The candidate of {join(changed) or 'a product'} is not the build that was signed.")
    for one in candidates:
        if one.regression == "fail":
            return blocked(f"The regression suite failed on {one.version}.", one.check_id)
    for one in candidates:
        if not one.digest:
            return waiting(f"{one.product} has no build yet.")
        if one.regression != "pass":
            return waiting(f"The regression suite has not reported on {one.version}.")
    versions = join([one.version for one in candidates])
    suites = "its regression suite" if len(candidates) == 1 else "their regression suites"
    return is_open(f"{versions} passed {suites}.", max(one.check_id or 0 for one in candidates) or None)


@dataclass(frozen=True, kw_only=True)
class Running:
    """The newest deployment in one place of production, and what the place says of itself."""

    product_id: int
    place: str
    version: str
    digest: str
    deployment_id: int
    answers: bool = False
    """Whether it can be asked (it has a version URL)."""
    said_digest: str = ""
    said: str = ""
    """The version of `said_digest`, or the digest itself."""
    said_at: datetime | None = None


def running_build(
    candidates: Sequence[Candidate],
    running: Sequence[Running],
    producing: Sequence[int],
    pinned: Mapping[int, str] | None,
    now: datetime,
) -> Answer:
    """Somewhere in production each candidate runs, by record and by what the place itself said within `FRESH`.

    `producing` are the products that have a production environment.
    """
    answers = [_runs(one, running, one.product_id in producing, pinned, now) for one in candidates]
    closed = sorted((a for a in answers if not a.is_open), key=lambda answer: answer.state is not GateState.BLOCKED)
    if closed:
        return closed[0]
    if not answers:
        return waiting("The release covers no product.")
    return is_open(" ".join(answer.sentence for answer in answers), answers[0].about)


def _runs(
    one: Candidate, running: Sequence[Running], produces: bool, pinned: Mapping[int, str] | None, now: datetime
) -> Answer:
    if not produces:
        return blocked(f"{one.product} has no production environment.")
    wanted = one.digest if pinned is None else pinned.get(one.product_id, "")
    if not wanted:
        return waiting(f"{one.product} has no build yet.")
    name = one.version if one.digest == wanted else short(wanted)
    places = [place for place in running if place.product_id == one.product_id]
    recorded = [place for place in places if place.digest == wanted]
    if not recorded:
        if pinned is not None:
            found = join([f"{place.version} in {place.place}" for place in places]) or "nothing"
            return blocked(f"What runs is not the signed build {name}: production has {found}.")
        return waiting(f"{name} is not in production yet.")
    told = sorted((_says(place, wanted, name, now) for place in recorded), key=lambda a: list(_BEST).index(a.state))
    return told[0]


_BEST = (GateState.OPEN, GateState.BLOCKED, GateState.WAITING)


def _says(place: Running, wanted: str, name: str, now: datetime) -> Answer:
    where = place.place[:1].upper() + place.place[1:]
    if not place.answers:
        return is_open(f"{name} runs in {place.place}, by its deployment record.", place.deployment_id)
    if place.said_at is None:
        return waiting(f"{where} has not said yet what it runs.", place.deployment_id)
    if now - place.said_at > FRESH:
        return waiting(f"{where} has not said what it runs for {span(now - place.said_at)}.", place.deployment_id)
    if place.said_digest != wanted:
        return blocked(f"{where} should run {name} and says {place.said or 'nothing'}.", place.deployment_id)
    return is_open(f"{name} runs in {place.place}.", place.deployment_id)
