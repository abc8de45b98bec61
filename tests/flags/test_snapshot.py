"""P11, the copy: what a snapshot holds, what it costs, and what may overwrite it on disk."""

import dataclasses
import fcntl
import json
import os
import stat
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from core.jsons import DEEPEST
from core.models import Environment, Product, User
from core.weights import FULL
from flags import actions, disk, keys, serving, snapshot
from flags.choices import KeyKind
from flags.doors import House
from flags.evaluation import Definition
from flags.models import Flag
from flags.serving import Holder
from flags.snapshot import Key, Snapshot
from tests.flags import worlds
from tests.flags.conftest import HOLDER
from tests.flags.spoilt import anything, spoil


def taken(version: int = 3, **flags: Any) -> Snapshot:
    defined = {key: Definition(key=key, seed="s", weight=weight) for key, weight in flags.items()}
    ids = {key: number for number, key in enumerate(flags)}
    keys = {"d" * 64: Key(4, "client", origins=("https://shop.example",), rate=5, expires_at=2.5)}
    return Snapshot(1, "storefront production", "storefront", version, 1.5, defined, ids, {}, keys)


def test_it_holds_what_the_rows_say(claimed: Flag, production: Environment, staging: Environment, rhea: User) -> None:
    actions.move(flag=claimed, environment=production, weight=5_000, build="b2", claim=HOLDER, fence=1)
    row, text = keys.issue_key(environment=production, kind=KeyKind.SERVER, name="shop", actor=rhea)
    held = snapshot.load()
    rule = held[production.pk].flags["search-typo"]
    assert (rule.weight, rule.carrier, rule.build, rule.seed) == (5_000, "build", "b2", "release-7")
    assert rule.metadata == {"release": "Search 2.0"}
    assert held[production.pk].keys == {row.digest: Key(row.pk, "server")} and text not in str(held)
    assert held[staging.pk].flags["search-typo"].weight == 0 and not held[staging.pk].keys
    keys.revoke_key(key=row, actor=rhea)
    assert snapshot.load({production.pk})[production.pk].keys == {}
    assert snapshot.load({production.pk})[production.pk].version == held[production.pk].version + 1


def test_an_environment_added_later_knows_the_flags(typo: Flag, storefront: Product) -> None:
    beta = storefront.environments.create(name="beta", slug="beta")
    assert snapshot.load()[beta.pk].flags["search-typo"].weight == 0


def test_loading_costs_five_queries_however_many_flags(
    typo: Flag, emil: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        actions.create_flag(product=typo.product, key=f"more-{number}", name="More", actor=emil)
    with django_assert_num_queries(7):  # five, within a savepoint
        held = snapshot.load()
    assert all(len(one.flags) == 21 for one in held.values())


def test_p11_the_copy_reads_back_the_same_and_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    assert disk.save(taken(typo=5_000), folder)
    assert disk.read_all(folder) == {1: taken(typo=5_000)}
    modes = {stat.S_IMODE(os.stat(file).st_mode) for file in folder.iterdir()}
    assert modes == {0o600} and stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(list(folder.glob("*.json"))) == 1 and not list(folder.glob(".environment*"))


def test_p11_a_value_that_is_as_deep_as_it_may_be_is_answered_and_kept(tmp_path: Path) -> None:
    """Else one flag would keep all flags of its environment from being followed."""
    value: Any = 1
    for _ in range(DEEPEST):
        value = {"deep": value}
    deep = Definition(key="deep", type="json", variants=(("on", value), ("off", {})), weight=FULL)
    one = dataclasses.replace(taken(), flags={"deep": deep}, ids={"deep": 1})
    house = House(one)
    assert house.rule_set[0].count(b'{"deep":') > DEEPEST
    assert house.asked["deep"].fragments[0].count(b'{"deep":') == DEEPEST
    assert disk.save(one, tmp_path) and disk.read_all(tmp_path) == {1: one}


@pytest.mark.parametrize("late", [2, 3])
def test_p11_an_older_copy_never_overwrites_a_newer(tmp_path: Path, late: int) -> None:
    disk.save(taken(3, typo=1), tmp_path)
    assert not disk.save(taken(late, typo=2), tmp_path)
    assert disk.read_all(tmp_path)[1].flags["typo"].weight == 1
    assert disk.save(taken(4, typo=3), tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"flags": [{"key": 1}]}', b'{"flags": [], "more": 1}', b"\xff"]
)
def test_p11_a_damaged_copy_is_left_out_and_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "environment-1.json").write_bytes(content)
    disk.save(dataclasses.replace(taken(typo=1), environment_id=2), tmp_path)
    assert set(disk.read_all(tmp_path)) == {2}
    assert disk.save(taken(1, typo=1), tmp_path)
    assert set(disk.read_all(tmp_path)) == {1, 2}


SHAPES: list[tuple[list[Any], Any]] = [
    (["keys"], []),
    (["keys", "d" * 64], 5),
    (["keys", "d" * 64, "rate"], "5"),
    (["keys", "d" * 64, "origins"], [5]),
    (["keys", "d" * 64, "expires_at"], "soon"),
    (["segments"], []),
    (["segments"], {"staff": "all"}),
    (["version"], "3"),
    (["environment_id"], "1"),
    (["environment_id"], 2),
    (["taken_at"], None),
    (["ids"], {"typo": "1"}),
    (["flags"], {"typo": {}}),
    (["flags", 0], []),
    (["flags", 0, "key"], None),
    (["flags", 0, "weight"], "all"),
    (["flags", 0, "variants"], [["on", True], 5]),
    (["flags", 0, "variants", 0, 0], 5),
    (["flags", 0, "targeting"], None),
    (["flags", 0, "metadata"], None),
]


@pytest.mark.parametrize(("where", "what"), SHAPES, ids=[f"{where[-1]}-{what}" for where, what in SHAPES])
def test_p11_a_copy_of_another_shape_keeps_no_process_from_starting(
    where: list[Any], what: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk.save(taken(typo=1), tmp_path)
    disk.save(dataclasses.replace(taken(typo=1), environment_id=7, keys={}), tmp_path)
    file = tmp_path / "environment-1.json"
    here = content = json.loads(file.read_bytes())
    for step in where[:-1]:
        here = here[step]
    here[where[-1]] = what
    file.write_text(json.dumps(content))
    holder = Holder(tmp_path)
    holder.hold(disk.read_all(tmp_path))
    assert set(holder.houses) == {7} and "environment-1.json cannot be read" in caplog.text
    assert disk.save(taken(1, typo=2), tmp_path), "the next one heals it"
    assert disk.read_all(tmp_path)[1] == taken(1, typo=2)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds.worlds(worlds.ANY), st.randoms(use_true_random=False), anything)
def test_p11_whatever_stands_in_a_copy_it_is_held_or_left_out(
    tmp_path: Path, world: Any, by: Random, spoilt: Any
) -> None:
    one = dataclasses.replace(taken(), flags=world[0], ids=dict.fromkeys(world[0], 1), segments=world[1])
    content = json.loads(snapshot.as_json(one))
    spoil(content, by, spoilt, "other")
    (tmp_path / "environment-1.json").write_text(json.dumps(content))
    holder = Holder(tmp_path)
    holder.hold(disk.read_all(tmp_path))
    for door in holder.doors.by_digest.values():
        assert door.view.decide({"targetingKey": "u-1", "country": "NO"}) is not None
        assert door.meter.wait(door.key.rate or 0, 1.0) >= 0 and door.opens_at(1.0) in (True, False)


def test_p11_an_environment_that_cannot_be_built_lets_no_other_down(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known that cannot; this is for what nobody thought of."""
    good, holder = taken(typo=5_000), Holder(tmp_path)
    bad = taken(4, typo=5_000)

    def build(snapshot: Snapshot, previous: House | None = None) -> House:
        if snapshot.flags is bad.flags:
            raise KeyError("any")
        return House(snapshot, previous)

    monkeypatch.setattr(serving, "House", build)
    holder.hold({1: bad, 2: dataclasses.replace(good, environment_id=2)})
    assert set(holder.houses) == {2} and "cannot be held" in caplog.text
    holder.hold({1: good})
    house = holder.houses[1]
    assert set(holder.doors.by_digest) == set(good.keys) != set()
    holder.hold({1: dataclasses.replace(bad, keys={})})
    assert holder.houses[1] is house and house.snapshot.flags is good.flags, "what it was, it stays"
    assert not holder.doors.by_digest, "but whose key was revoked is not let in"


def test_p11_a_process_that_is_frozen_while_it_writes_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "PATIENCE_SECONDS", 0.05)
    left = tmp_path / ".environment-1.json.left"
    left.touch()
    with open(tmp_path / ".lock", "w") as frozen:
        fcntl.flock(frozen, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            disk.save(taken(typo=1), tmp_path)
    assert disk.save(taken(typo=1), tmp_path) and not left.exists(), "nor what a killed one left"


def test_what_could_not_be_written_is_written_later(tmp_path: Path) -> None:
    """Else the copy still opens to a key that was revoked while the disk was full."""
    folder = tmp_path / "snapshots"
    folder.touch()
    holder = Holder(folder, _unsaved={1: taken(4, typo=1)})
    holder._save()
    folder.unlink()
    holder._save()
    assert disk.read_all(folder)[1].version == 4 and not holder._unsaved
