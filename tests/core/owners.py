"""Olga, who owns the storefront, and a count that tells whether anything was written."""

import pytest

from core.choices import RoleKind
from core.models import AuditEntry, Product, Role, Team, User
from tests.cast import enter

__all__ = ["olga"]


@pytest.fixture
def olga(storefront: Product) -> User:
    """Owner: sets the product up, runs no release."""
    return enter(storefront, "Olga Brandt", RoleKind.OWNER)


def written(product: Product) -> tuple[int, ...]:
    """How much of everything there is: the same before and after means that nothing was done."""
    members = Team.members.through.objects.filter(team__product=product).count()
    roles = Role.objects.filter(product=product).count()
    keys = product.api_tokens.filter(revoked_at=None).count()
    places = product.environments.count()
    return AuditEntry.objects.count(), User.objects.count(), roles, members, keys, places, product.teams.count()
