"""What was counted reaches the database once, however often it is told and whatever happens in between."""

import dataclasses
import sys
import threading
from datetime import UTC, datetime

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from core.models import Environment, User
from flags import actions, snapshot
from flags.choices import KeyKind
from flags.doors import House, Meter
from flags.evaluation import bucket
from flags.given import MOST_ROWS, Given
from flags.keys import issue_key
from flags.models import Flag, FlagUsage
from flags.usage import Tally


@pytest.fixture
def house(typo: Flag, production: Environment) -> House:
    return House(snapshot.load()[production.pk])


def give(house: House, *, by_name: int = 0, in_bulk: int = 0) -> None:
    asked = house.asked["search-typo"]
    asked.by_name[0] += by_name
    asked.in_bulk[0] += in_bulk


def told() -> dict[tuple[str, bool], int]:
    return {(row.variant, row.by_name): row.count for row in FlagUsage.objects.all()}


def test_counts_add_up_over_processes_and_versions(house: House, production: Environment) -> None:
    one, other = Tally(), Tally()
    give(house, by_name=2, in_bulk=5)
    one.collect([house], [])
    one.flush()
    assert told() == {("off", True): 2, ("off", False): 5}
    one.collect([house], [])
    one.flush()
    assert told() == {("off", True): 2, ("off", False): 5}, "nothing new, nothing told"
    give(house, by_name=1)
    newer = House(snapshot.load()[production.pk])
    give(newer, by_name=10)
    one.retire([house])
    give(house, by_name=1)  # by a request that had just begun
    one.collect([newer], [])
    one.flush()
    second = House(snapshot.load()[production.pk])
    give(second, by_name=100)
    other.collect([second], [])
    other.flush()
    assert told() == {("off", True): 114, ("off", False): 5}
    assert one.total + other.total == 119
    row = FlagUsage.objects.get(by_name=True)
    assert row.day == datetime.now(UTC).date() and row.environment == production


def test_what_everybody_gets_is_counted_too(typo: Flag, production: Environment, emil: User) -> None:
    actions.set_weight(flag=typo, environment=production, weight=50_000, actor=emil)
    actions.create_flag(product=typo.product, key="settled", name="Settled", actor=emil, for_clients=True)
    house, tally = House(snapshot.load()[production.pk]), Tally()
    server, client = house.views["server"], house.views["client"]
    assert (len(server.settled), len(server.fragments)) == (1, 1)
    assert (len(client.settled), len(client.fragments)) == (1, 0)
    for user in range(MOST_ROWS + 3):
        server.given.add(server.decide({"targetingKey": f"user-{user}"}))
    client.given.add(client.decide({}))
    for _ in range(2):
        tally.collect([house], [])
    tally.flush()
    on = sum(bucket(typo.seed, f"user-{user}") < 50_000 for user in range(MOST_ROWS + 3))
    assert {(row.flag.key, row.variant): row.count for row in FlagUsage.objects.all()} == {
        ("settled", "off"): MOST_ROWS + 4,
        ("search-typo", "on"): on,
        ("search-typo", "off"): MOST_ROWS + 3 - on,
    }


def test_what_two_threads_count_while_a_third_adds_is_counted_once() -> None:
    counts, always = [[0, 0], [0, 0, 0]], [[0]]
    given, answers = Given(counts, always), 60_000
    done, before = threading.Event(), sys.getswitchinterval()

    def count() -> None:
        while not done.is_set():
            given.count()

    threads = [threading.Thread(target=count) for _ in range(3)]
    sys.setswitchinterval(1e-6)  # each gives way as often as it can
    try:
        for thread in threads:
            thread.start()
        for number in range(answers):
            given.add(bytes([number % 2, number % 3]))
    finally:
        sys.setswitchinterval(before)
        done.set()
        for thread in threads:
            thread.join()
    given.count()
    assert always == [[answers]]
    assert counts == [[answers // 2] * 2, [answers // 3] * 3]


def test_what_cannot_be_told_is_kept(house: House) -> None:
    tally = Tally()
    give(house, by_name=3)
    tally.collect([house], [])
    with connection.execute_wrapper(_refuse), pytest.raises(OSError):
        tally.flush()
    assert told() == {}
    give(house, by_name=4)
    tally.collect([house], [])
    tally.flush()
    assert told() == {("off", True): 7}


def test_a_flag_that_is_gone_is_not_counted(house: House) -> None:
    gone = House(dataclasses.replace(house.snapshot, ids={"search-typo": 10**9}))
    tally = Tally()
    give(gone, by_name=3)
    tally.collect([gone], [])
    tally.flush()
    assert told() == {}


def test_a_key_says_when_it_was_last_used(
    house: House, production: Environment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    key, _ = issue_key(environment=production, kind=KeyKind.SERVER, name="shop", actor=None)
    tally = Tally()
    tally.collect([house], [(key.pk, Meter(used_at=1_790_000_000.0))])
    with django_assert_num_queries(1):
        tally.flush()
    key.refresh_from_db()
    assert key.last_used_at == datetime.fromtimestamp(1_790_000_000, UTC)
    with django_assert_num_queries(0):
        tally.collect([house], [(key.pk, Meter(used_at=1_790_000_000.0))])
        tally.flush()
    late = Tally()
    late.collect([house], [(key.pk, Meter(used_at=1_780_000_000.0))])
    late.flush()
    key.refresh_from_db()
    assert key.last_used_at == datetime.fromtimestamp(1_790_000_000, UTC), "never back"


def _refuse(*_: object) -> None:
    raise OSError("the line is dead")
