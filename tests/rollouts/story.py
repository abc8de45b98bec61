"""A release that may go: signed, its plan carried by a recorded route that two flags follow. And users, in a log."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from approvals.actions import StageSpec, decide, set_policy, submit_release
from core.choices import RoleKind
from core.models import Environment, Product, User
from core.weights import FULL
from flags import actions as flag_actions
from flags.models import Flag
from releases import actions as releases
from releases.choices import ReleaseKind
from releases.models import Release
from releases.seal import digest, parts
from rollouts import engine
from rollouts.choices import Role
from rollouts.models import Plan, Rollout, Target

GREEN, BLUE = f"sha256:{'9' * 64}", f"sha256:{'b' * 64}"
PERCENTS = (5_000, 25_000, FULL)


@dataclass
class Story:
    release: Release
    plan: Plan
    flags: list[Flag]
    rhea: User
    emil: User
    bea: User
    log: Path

    def routers(self) -> dict[str, Any]:
        """For `settings.SLIPWAY_ROUTERS`, here and in child processes."""
        route = {"backend": "recording", "options": {"file": str(self.log.with_name("route.json"))}}
        return {"flag": {"backend": "flag"}, "route": route}

    def metrics(self) -> dict[str, Any]:
        return {"visits": {"backend": "access_log", "options": {"path": str(self.log)}}}


def tell(folder: Path, *, carried_by_flags: bool = False, name: str = "Search 2.0", **of_the_plan: Any) -> Story:
    """Everything through the rooms' own actions, as the roles that may. Needs the fixtures' product and people."""
    product = Product.objects.get(slug="storefront")
    rhea, emil, bea = (User.objects.get(email=f"{who}@example.com") for who in ("rhea", "emil", "bea"))
    production = product.environments.get(is_production=True)
    _policy(product)
    flags = [
        make_flag(product, f"{name.lower().replace(' ', '-').replace('.', '-')}-{one}", rhea)
        for one in ("typo", "rank")
    ]
    release = releases.create_release(
        product=product, name=name, actor=rhea, kind=ReleaseKind.EXPRESS, way_back="One click, to 1.9."
    )
    for flag in flags:
        releases.add_feature(release=release, name=flag.key, owner=emil, actor=rhea, flags=[flag])
    _deploy(product, production, release, emil)
    plan = make_plan(release, production, flags, carried_by_flags=carried_by_flags, **of_the_plan)
    release = Release.objects.get(pk=release.pk)
    requests = submit_release(release=release, actor=rhea)
    for request in requests:
        decide(request=request, person=bea, verdict="approve", seal_digest=digest(parts(release)))
    log = folder / "visits.log"
    log.touch()
    return Story(Release.objects.get(pk=release.pk), plan, flags, rhea, emil, bea, log)


def _policy(product: Product) -> None:
    if not product.policies.exists():
        olga = User.objects.create_user("olga@example.com", "down-the-slipway-42", name="Olga Brandt")
        olga.roles.create(product=product, kind=RoleKind.OWNER)
        stage = StageSpec(name="Business", team=product.teams.get(name="Business"))
        set_policy(product=product, actor=olga, stages=[stage])


def make_flag(product: Product, key: str, actor: User) -> Flag:
    return flag_actions.create_flag(product=product, key=key, name=key, actor=actor)


def _deploy(product: Product, production: Environment, release: Release, emil: User) -> None:
    for version, content, slot_name in (("1.9", BLUE, "blue"), ("2.0", GREEN, "green")):
        build, _ = releases.register_build(product=product, version=version, digest=content, actor=emil)
        releases.report_check(build=build, kind="regression", status="pass", actor=emil)
        slot = production.slots.filter(name=slot_name).first()
        slot = slot or releases.add_slot(environment=production, name=slot_name, actor=emil)
        releases.register_deployment(build=build, environment=production, slot=slot, actor=emil)
        if slot_name == "green":
            releases.set_candidate(release=release, build=build, actor=emil)


def make_plan(
    release: Release,
    production: Environment,
    flags: Sequence[Flag],
    *,
    carried_by_flags: bool = False,
    weights: Sequence[int] = PERCENTS,
    bake: int = 0,
    watch: int = 0,
    min_users: int = 1,
    go_team: Any = None,
    routes: Sequence[str] = ("route",),
    **of_the_kpi: Any,
) -> Plan:
    plan = Plan.objects.create(
        release=release,
        environment=production,
        slot=production.slots.get(name="green"),
        stable_slot=production.slots.get(name="blue"),
        watch_seconds=watch,
    )
    for order, weight in enumerate(weights):
        team = go_team if order == 1 else None
        plan.steps.create(order=order, weight=weight, bake_seconds=bake, min_users=min_users, go_team=team)
    if not carried_by_flags:
        for router in routes:
            plan.targets.create(router=router, key="search", role=Role.CARRIES)
    for flag in flags:
        role = Role.CARRIES if carried_by_flags else Role.FOLLOWS
        plan.targets.create(router="flag", key=flag.key, role=role, order=1)
    query = {"canary": "green", "stable": "blue", "bad_status": 500}
    plan.kpis.create(**{"name": "Failed searches", "source": "visits", "query": query, **of_the_kpi})
    return plan


@contextmanager
def visitors(log: Path, *, canary: float = 0.01, stable: float = 0.01, per_beat: int = 30) -> Iterator[None]:
    """People search all the time, on both sides; `canary` and `stable` are the shares of requests that fail."""
    stop = threading.Event()
    dice = random.Random(7)

    def write() -> None:
        with log.open("a", buffering=1) as file:
            while not stop.wait(0.05):
                file.write("".join(_visit(dice, canary, stable) for _ in range(per_beat)))

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _visit(dice: random.Random, canary: float, stable: float) -> str:
    user = dice.randrange(600)
    on_canary = user % 2 == 0
    bad = dice.random() < (canary if on_canary else stable)
    visit = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "user": f"u{user}",
        "cluster": "green" if on_canary else "blue",
        "status": 500 if bad else 200,
        "duration_ms": 0,
    }
    return json.dumps(visit) + "\n"


def run_until(
    rollout: Rollout, done: Callable[[Rollout], bool], *, within: float = 30.0, beat: float = 0.05
) -> Rollout:
    """Let the engine run in this process until `done` says so. Fails with what it waits for."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        engine.tick([rollout.pk])
        rollout.refresh_from_db()
        if done(rollout):
            return rollout
        time.sleep(beat)
    raise AssertionError(f"{rollout.state} at step {rollout.step}: {rollout.reasons}; {_weights(rollout)}")


def _weights(rollout: Rollout) -> list[str]:
    return [f"{row} {row.desired}/{row.observed} {row.problem}" for row in Target.objects.filter(rollout=rollout)]
