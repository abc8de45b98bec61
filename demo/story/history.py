"""What happened before: two small changes that were rolled out for real while the story was loaded, and Loyalty's next.

Their code had been in version 1.4.2 all along, dark; so their flags carried the percentage.
"""

import time
from collections.abc import Callable

from approvals.actions import submit_release
from demo.story import plans, stage
from demo.story.search import sign
from demo.story.stage import LOYALTY_DIGEST, Stage
from releases import actions
from releases.actions import observe_slots
from releases.choices import ReleaseKind
from releases.models import Build, Release
from rollouts import actions as rollouts
from rollouts import engine
from rollouts.choices import RolloutState
from rollouts.models import Rollout

PATIENCE = 90.0
"""Seconds after which a rollout of the story that does not get on is an error."""


def live_through(at: Stage, say: Callable[[str], None]) -> tuple[Rollout, Rollout]:
    """Roll one change out to everybody and another one back, ticking the engine here. Takes about 20 seconds.

    Returns the finished and the rolled-back rollout. Raises RuntimeError if they do not get there.
    """
    old = at.storefront.builds.get(version=_version(at))
    finished = _release(at, old, "Wish list", "Shoppers find again what they looked at.", "wish-list")
    regretted = _release(at, old, "Price alerts", "Shoppers hear when a price falls.", "price-alerts")
    plans.by_flags(at, finished, steps=((100_000, 1, 1),), watch=1)
    plans.by_flags(at, regretted, steps=((10_000, 600, 1), (100_000, 600, 1)), watch=600)
    for release in (finished, regretted):
        _sign_off(at, release)
    observe_slots()
    say("Wish list goes out to everybody, Price alerts to 10 % of them")
    well = rollouts.start_rollout(release=finished, actor=at.people["rhea"])
    badly = rollouts.start_rollout(release=regretted, actor=at.people["rhea"])
    _until(lambda: well.state == RolloutState.COMPLETED, well, badly)
    say("Support hears of wrong prices: Rhea rolls Price alerts back")
    reason = "Support hears of alerts that name yesterday’s price."
    rollouts.roll_back(rollout=badly, actor=at.people["rhea"], reason=reason)
    _until(lambda: badly.restored_at is not None and _settled(regretted), well, badly)
    return well, badly


def loyalty(at: Stage) -> Release:
    """A release without a route: every gate is open, and Otto may start it."""
    product, otto = at.loyalty, at.people["otto"]
    build = stage.register(at, product, "3.1.0", LOYALTY_DIGEST, commit="9b00d1e2c4f5")
    production = at.place(product, "production")
    actions.register_deployment(build=build, environment=production, actor=at.people["emil"])
    release = actions.create_release(
        product=product,
        name="Points in the basket",
        kind=ReleaseKind.EXPRESS,
        summary="The basket says how many points it will bring.",
        way_back="The flag goes off; the code stays dark.",
        actor=otto,
    )
    actions.add_feature(
        release=release,
        name="Points in the basket",
        owner=at.people["emil"],
        flags=[at.flags["points-in-basket"]],
        actor=otto,
    )
    actions.set_candidate(release=release, build=build, actor=at.people["emil"])
    plans.by_flags(at, release, steps=((5_000, 15, 1), (50_000, 15, 1), (100_000, 15, 1)), watch=60)
    submit_release(release=release, actor=otto)
    sign(release, "Business", at.people["bea"])
    return release


def _version(at: Stage) -> str:
    newest = at.slots["blue"].deployments.select_related("build").first()
    assert newest is not None, "the set is built before anything is rolled out"
    return str(newest.build.version)


def _release(at: Stage, build: Build, name: str, summary: str, flag: str) -> Release:
    rhea = at.people["rhea"]
    release = actions.create_release(
        product=at.storefront,
        name=name,
        kind=ReleaseKind.EXPRESS,
        summary=summary,
        way_back="The flag goes off; the code stays dark.",
        actor=rhea,
    )
    actions.add_feature(release=release, name=name, owner=at.people["mara"], flags=[at.flags[flag]], actor=rhea)
    actions.set_candidate(release=release, build=build, actor=at.people["emil"])
    return release


def _sign_off(at: Stage, release: Release) -> None:
    submit_release(release=release, actor=at.people["rhea"])
    sign(release, "QA", at.people["quinn"])
    sign(release, "Business", at.people["bea"])


def _settled(release: Release) -> bool:
    release.refresh_from_db()
    return release.finished_at is not None


def _until(reached: Callable[[], bool], *watched: Rollout) -> None:
    """Be the engine until `reached`: nobody else ticks yet."""
    deadline, looked = time.monotonic() + PATIENCE, 0.0
    while not reached():
        if time.monotonic() > deadline:
            told = "; ".join(f"{one.release}: {one.state}, {' '.join(one.reasons)}" for one in watched)
            raise RuntimeError(f"The story does not get on. {told}")
        if time.monotonic() - looked > 20:
            observe_slots()
            looked = time.monotonic()
        engine.run_once()
        time.sleep(0.2)
        for one in watched:
            one.refresh_from_db()
