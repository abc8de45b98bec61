"""P2, P6 and P8 on committed rows: many at once, and whatever else holds locks at that moment."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core import clock, locks
from core.errors import Conflict
from core.models import AuditEntry, Product, User
from flags import actions, tasks, transfer
from flags.choices import ChangeState
from flags.models import Flag, FlagState, PlannedChange
from releases import actions as releases
from releases.models import Release
from tests.flags.conftest import state_of
from tests.releases.test_races import at_once

pytestmark = pytest.mark.fresh_db


@contextmanager
def held(lock: Callable[[], object]) -> Iterator[None]:
    """Somebody else holds this lock meanwhile."""
    taken, over = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                lock()
                taken.set()
                over.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(10)
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def world(storefront: Product, rhea: User, emil: User) -> dict[str, Any]:
    flags = [actions.create_flag(product=storefront, key=f"f-{n}", name="F", actor=rhea) for n in range(3)]
    release = releases.create_release(product=storefront, name="S", actor=rhea, kind="express", way_back="x")
    releases.add_feature(release=release, name="A", owner=emil, actor=rhea, flags=flags[:1])
    production = storefront.environments.get(is_production=True)
    beta = actions.create_segment(
        product=storefront, key="beta", name="B", condition={"attribute": "a", "op": "equals", "value": 0}, actor=rhea
    )
    rule = {"rules": [{"name": "x", "when": {"segment": "beta"}, "serve": {"variant": "on"}}]}
    for flag in flags[1:]:
        actions.set_targeting(flag=flag, environment=production, targeting=rule, actor=rhea)
    actions.move(flag=flags[0], environment=production, weight=5_000, build="", claim=release.subject, fence=1)
    return {"flags": flags, "release": release, "production": production, "beta": beta, "rule": rule}


def test_p2_less_waits_for_nobody(world: dict[str, Any], storefront: Product, emil: User) -> None:
    """Neither for a product's facts, nor for the release, nor for whoever refers to the flag."""
    flag, production = world["flags"][0], world["production"]

    def hold() -> None:
        locks.product_exclusive(storefront.pk)
        list(Release.objects.select_for_update())
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM flags_flag FOR KEY SHARE")

    actions.kill(flag=world["flags"][1], environment=production, actor=emil, reason="the first mail takes long")

    def impatient(execute: Callable[..., object], sql: str, *rest: object) -> object:
        """Whoever waits for a lock gives up at once, however slow the machine is."""
        return execute(sql.replace("lock_timeout = '2s'", "lock_timeout = '100ms'"), *rest)

    with held(hold), connection.execute_wrapper(impatient):
        asked = {"flag": flag, "environment": production, "actor": emil}
        with pytest.raises(OperationalError, match="lock timeout"):
            actions.set_weight(weight=6_000, **{**asked, "flag": world["flags"][2]})
        assert actions.set_weight(weight=0, **asked).weight == 0
        none = {"carrier": "percentage", "weight": 0, "build": ""}
        actions.submit_change(changes=none, action="flag_weight_set", **asked)
        assert not actions.kill(**asked, reason="now").enabled
        actions.move(flag=flag, environment=production, weight=0, build="", claim=world["release"].subject, fence=9)


def test_p2_an_import_gives_way_to_whoever_waits(world: dict[str, Any], emil: User) -> None:
    flag, production = world["flags"][1], world["production"]
    boolean = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}
    said = transfer.understood(json.dumps({"flags": {f"n-{n}": boolean for n in range(400)}}).encode())
    began = threading.Event()

    def take() -> object:
        began.set()
        return actions.import_flags(environment=production, flags=said.flags.values(), segments={}, actor=emil)

    def kill() -> object:
        began.wait(10)
        time.sleep(0.5)
        return actions.kill(flag=flag, environment=production, actor=emil)

    imported, killed = at_once(take, kill)
    assert isinstance(killed, FlagState) and not killed.enabled, killed
    assert isinstance(imported, Conflict), imported
    assert Flag.objects.count() == 3


def test_p8_two_workers_make_a_due_change_once(world: dict[str, Any], emil: User) -> None:
    flag, production = world["flags"][2], world["production"]
    changes = {"carrier": "percentage", "weight": 10_000, "build": ""}
    asked = {"flag": flag, "environment": production, "actor": emil, "action": "flag_weight_set"}
    soon = clock.now() + timedelta(hours=1)
    first, second = (
        actions.submit_change(changes={**changes, "weight": w}, due_at=soon, **asked) for w in (10_000, 20_000)
    )
    PlannedChange.objects.update(due_at=clock.now())
    at_once(*[tasks.make_due_changes] * 3)
    states = [PlannedChange.objects.get(pk=one.pk).state for one in (first, second)]
    assert states == [ChangeState.APPLIED, ChangeState.SUSPENDED]
    made = AuditEntry.objects.filter(subject=f"flag:{flag.pk}")
    assert made.filter(action="flag_change_made").count() == made.filter(action="flag_change_suspended").count() == 1
    assert state_of(flag, production).weight == 10_000


def test_a_change_agreed_to_and_withdrawn_at_once_is_one_of_both(
    world: dict[str, Any], emil: User, rhea: User, olga: User
) -> None:
    flag, production = world["flags"][2], world["production"]
    actions.want_second_person(environment=production, wanted=True, actor=olga)
    changes = {"carrier": "percentage", "weight": 10_000, "build": ""}
    change = actions.submit_change(
        flag=flag, environment=production, actor=emil, action="flag_weight_set", changes=changes
    )
    assert isinstance(change, PlannedChange)
    found = at_once(
        lambda: actions.agree_to_change(change=change, actor=rhea),
        lambda: actions.agree_to_change(change=change, actor=olga),
        lambda: actions.end_change(change=change, actor=emil),
    )
    assert sum(isinstance(one, Conflict) for one in found) == 2, found
    change.refresh_from_db()
    assert (state_of(flag, production).weight == 10_000) == (change.state == ChangeState.APPLIED)


def test_p2_a_segment_of_many_flags_gives_way_to_whoever_waits(
    world: dict[str, Any], storefront: Product, emil: User
) -> None:
    """It holds all flags of the product: a kill, and a rollback, wait for it."""
    production, flag = world["production"], world["flags"][0]
    holding, over = threading.Event(), threading.Event()

    def slow(execute: Callable[..., object], sql: str, *rest: object) -> object:
        if sql.startswith('UPDATE "flags_segment"'):
            holding.set()
            over.wait(1.0)
        return execute(sql, *rest)

    def change() -> object:
        with connection.execute_wrapper(slow):
            about: dict[str, Any] = {"name": "B", "description": "", "actor": emil}
            one = {"attribute": "a", "op": "equals", "value": 1}
            return actions.change_segment(segment=world["beta"], condition=one, **about)

    def kill() -> object:
        holding.wait(10)
        try:
            return actions.kill(flag=flag, environment=production, actor=emil)
        finally:
            over.set()

    changed, killed = at_once(change, kill)
    assert isinstance(killed, FlagState) and not killed.enabled, killed
    assert isinstance(changed, Conflict), changed
    world["beta"].refresh_from_db()
    assert world["beta"].condition["value"] == 0


def test_p2_a_segment_asks_no_more_of_the_database_for_many_flags(
    world: dict[str, Any], storefront: Product, emil: User
) -> None:
    def cost(value: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            actions.change_segment(
                segment=world["beta"],
                name="B",
                description="",
                condition={"attribute": "a", "op": "equals", "value": value},
                actor=emil,
            )
        return len(queries)

    few = cost(10)
    for number in range(20):
        more = actions.create_flag(product=storefront, key=f"m-{number}", name="M", actor=emil)
        actions.set_targeting(flag=more, environment=world["production"], targeting=world["rule"], actor=emil)
    assert cost(11) <= few + 2
    assert state_of(more, world["production"]).version == FlagState.objects.latest("version").version
