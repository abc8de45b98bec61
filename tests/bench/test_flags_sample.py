"""The bench of flags itself: a small run of it works, a wrong answer is noticed, and its flags are no toys."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench import flags_evaluation, flags_load, flags_process, flags_throughput, flags_world
from core.models import Environment, Product
from flags.evaluation import Result, compile_all, compile_condition
from tests.conftest import FreshDatabase

USERS = 60


@pytest.mark.fresh_db
def test_a_sample_of_the_bench_finds_every_answer_right_and_notices_a_wrong_one(
    fresh_db: FreshDatabase, storefront: Product, production: Environment, tmp_path: Path
) -> None:
    made = flags_world.definitions(20, 3)
    flags_world.store(production, made)
    cores = os.sched_getaffinity(0)
    with flags_throughput.shop(fresh_db, production, tmp_path, made, USERS) as shop:
        found = flags_throughput.compare(shop, tmp_path, rounds=2)
        bulk, single = (flags_load.drive(shop.server.port, asked) for asked in (shop.bulk(), shop.single()))
        assert flags_process.resident(shop.server.process.pid) > 2**25
    assert os.sched_getaffinity(0) == cores
    for one in found:
        assert (one.wrong, one.checked) == (0, 2 * USERS), one.name
        assert one.ratio > 0 and one.ours.per_processor_second > 0 and one.ceiling > 0
    assert [flags_throughput.wrong_bulk(shop, bulk), flags_throughput.wrong_single(shop, single)] == [0, 0]
    bulk.answers[3] = bulk.answers[3].replace(b'"value":true', b'"value":1', 1)
    bulk.answers[5] = bulk.answers[6]
    bulk.answers[7] = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    single.answers[0] = b""
    assert [flags_throughput.wrong_bulk(shop, bulk), flags_throughput.wrong_single(shop, single)] == [3, 1]


def test_costs_are_told_of_flags_however_many_there_are() -> None:
    cost = flags_evaluation.costs(counts=(3,), users=10)[0]
    assert cost.flags == 3
    assert min(cost.built, cost.in_bulk, cost.alone) > 0


def test_what_is_measured_is_no_toy() -> None:
    """Every rule fits some users and leaves out most; every flag gives each of its variants to somebody."""
    users = [flags_world.context(number) for number in range(1_000)]
    for number, test in enumerate(flags_world.TESTS):
        attribute, op, value = test(number)
        fits = compile_condition({"attribute": attribute, "op": op, "value": value}, {})
        assert 5 < sum(map(fits, users)) < 400, attribute
    for one in compile_all(flags_world.definitions(len(flags_world.TESTS) * 2, 3), flags_world.SEGMENTS).values():
        given = [one.evaluate(user) for user in users]
        variants = {outcome.variant for outcome in given if isinstance(outcome, Result)}
        assert variants == {name for name, _ in one.definition.variants}, one.definition.key


def test_an_answer_is_whole_with_the_last_byte_of_its_body() -> None:
    answer = flags_load.parts(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc")
    assert (answer[0], answer[2]) == (200, b"abc")
    said = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\netag: x\r\n\r\nabc"
    assert [flags_load.whole(said[:length]) for length in (10, 30, len(said) - 1, len(said))] == [False] * 3 + [True]


def test_a_percentile_is_of_all_answers() -> None:
    load = replace(flags_load.Load(), took=[number / 1000 for number in range(100, 0, -1)])
    assert (load.percentile(0.5), load.percentile(0.99)) == (51, 100)
