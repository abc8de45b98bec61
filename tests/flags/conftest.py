"""Flags to work on."""

import pytest

from core.models import Environment, Product, User
from flags import actions
from flags.models import Flag, FlagState
from tests.core.owners import olga

__all__ = ["claimed", "olga", "typo"]

HOLDER = "release:7"


@pytest.fixture
def typo(storefront: Product, emil: User) -> Flag:
    """A flag that nobody has yet."""
    return actions.create_flag(product=storefront, key="search-typo", name="Typo-tolerant search", actor=emil)


@pytest.fixture
def claimed(typo: Flag, rhea: User) -> Flag:
    """The same, claimed by a release."""
    return actions.claim(flags=[typo], holder=HOLDER, label="Search 2.0", seed="release-7", actor=rhea)[0]


def state_of(flag: Flag, environment: Environment) -> FlagState:
    return FlagState.objects.get(flag=flag, environment=environment)
