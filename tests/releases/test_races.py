"""Two at once, on committed rows: what must be true however they interleave."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from core.errors import Conflict
from core.models import Product, User
from releases import actions
from releases.actions.common import locked
from releases.models import Build, Candidate, Check
from tests.releases.conftest import DIGEST, Ship

pytestmark = pytest.mark.fresh_db


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run all calls in threads of their own, released together; what each returned or raised."""
    found: list[object] = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(index: int, call: Callable[[], object]) -> None:
        try:
            barrier.wait(10)
            found[index] = call()
        except Exception as error:
            found[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_p8_two_pipelines_register_the_same_build_once(storefront: Product, emil: User) -> None:
    def register() -> Build:
        return actions.register_build(product=storefront, version="2.0.3", digest=DIGEST, actor=emil)[0]

    found = at_once(*[register] * 4)
    assert found == [Build.objects.get()] * 4


@pytest.mark.parametrize("statement", list(range(1, 8)))
def test_p8_another_pipeline_may_come_first_before_any_statement(
    storefront: Product, emil: User, statement: int
) -> None:
    """Whichever statement of ours it gets in front of, the insert as the last, both have the same build."""

    def register() -> tuple[Build, bool]:
        return actions.register_build(product=storefront, version="2.0.3", digest=DIGEST, actor=emil)

    theirs: list[object] = []
    asked: list[str] = []

    def before(execute: Callable[..., object], sql: str, *rest: object) -> object:
        asked.append(sql.split()[0])
        if len(asked) == statement:
            theirs.extend(at_once(register))
        return execute(sql, *rest)

    with connection.execute_wrapper(before):
        ours = register()
    assert "INSERT" not in asked[: statement - 1]
    assert (ours, theirs) == ((Build.objects.get(), False), [(Build.objects.get(), True)])


def test_two_versions_of_the_same_name_make_one_build_and_one_conflict(storefront: Product, emil: User) -> None:
    def register(digest: str) -> Callable[[], Build]:
        return lambda: actions.register_build(product=storefront, version="2.0.3", digest=digest, actor=emil)[0]

    found = at_once(register("sha256:one"), register("sha256:two"))
    [refusal] = [one for one in found if isinstance(one, Exception)]
    assert isinstance(refusal, Conflict) and refusal.field == "version"
    assert Build.objects.count() == 1


def test_p1_nothing_that_a_gate_reads_moves_while_a_release_is_held(
    ship: Ship, other_build: Build, rhea: User, emil: User
) -> None:
    """Growth holds the release row: a new candidate, a failing check and a deployment wait for it, or give up."""
    place = ship.slot.environment
    calls: list[Callable[[], object]] = [
        lambda: actions.set_candidate(release=ship.release, build=other_build, actor=rhea),
        lambda: actions.report_check(build=ship.build, kind="regression", status="fail", actor=emil),
        lambda: actions.register_deployment(build=other_build, environment=place, slot=ship.slot, actor=emil),
        lambda: actions.remove_feature(feature=ship.feature, actor=rhea),
    ]
    with transaction.atomic():
        locked(ship.release)
        found = at_once(*calls)
        assert all(isinstance(one, Exception) and "lock timeout" in str(one) for one in found), found
        assert Candidate.objects.get().build == ship.build and Check.objects.get().status == "pass"
    assert actions.set_candidate(release=ship.release, build=other_build, actor=rhea).build == other_build
