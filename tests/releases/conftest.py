"""A release of the storefront with one feature, a built, checked and deployed candidate."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from core.models import Environment, Product, User
from flags import actions as flag_actions
from flags.models import Flag
from releases import actions
from releases.gates import Question
from releases.models import Build, Feature, Release, Slot

DIGEST = f"sha256:{'a1' * 32}"
OTHER_DIGEST = f"sha256:{'b2' * 32}"


@dataclass
class Ship:
    """What most tests of this room start from."""

    release: Release
    feature: Feature
    flag: Flag
    build: Build
    slot: Slot


@pytest.fixture
def flag_of(storefront: Product, rhea: User) -> Callable[[str], Flag]:
    """`flag_of("search-typo")` is a new flag of the storefront."""

    def make(key: str) -> Flag:
        return flag_actions.create_flag(product=storefront, key=key, name=key.title(), actor=rhea)

    return make


@pytest.fixture
def build(storefront: Product, emil: User) -> Build:
    made, _ = actions.register_build(product=storefront, version="2.0.3", digest=DIGEST, commit="9f3c1e7", actor=emil)
    return made


@pytest.fixture
def other_build(storefront: Product, emil: User) -> Build:
    made, _ = actions.register_build(product=storefront, version="2.0.4", digest=OTHER_DIGEST, actor=emil)
    return made


@pytest.fixture
def release(storefront: Product, rhea: User) -> Release:
    """Empty, but for its way back."""
    return actions.create_release(
        product=storefront, name="Search 2.0", actor=rhea, way_back="The flags go off; the old index stays."
    )


@pytest.fixture
def ship(
    release: Release, build: Build, production: Environment, rhea: User, emil: User, flag_of: Callable[[str], Flag]
) -> Ship:
    """All gates of this room are open: a feature with its flag, a checked candidate that runs in production green."""
    flag = flag_of("search-typo")
    feature = actions.add_feature(
        release=release, name="Typo-tolerant search", owner=emil, actor=rhea, flags=[flag], description="finds “jaket”"
    )
    actions.report_check(build=build, kind="regression", status="pass", actor=emil, summary="1 284 passed")
    actions.set_candidate(release=release, build=build, actor=rhea)
    slot = actions.add_slot(environment=production, name="green", actor=emil)
    actions.register_deployment(build=build, environment=production, slot=slot, actor=emil)
    release.refresh_from_db()
    flag.refresh_from_db()
    return Ship(release, feature, flag, build, slot)


@pytest.fixture
def question_of() -> Callable[..., Question]:
    """`question_of(release, digests=…)`: asked now, by the database's clock."""
    from core import clock

    return lambda release, **given: Question(release=release, now=clock.now(), **given)
