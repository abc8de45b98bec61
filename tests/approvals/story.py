"""A release that is ready to be signed: features and candidate by Emil, managed by Rhea, on staging."""

import pytest

from approvals.actions import StageSpec, set_policy
from approvals.models import Policy
from core.choices import RoleKind
from core.models import Environment, Product, User
from releases.actions import add_feature, create_release, register_build, register_deployment, set_candidate
from releases.models import Build, Release

__all__ = ["build", "next_build", "olga", "policy", "release"]


@pytest.fixture
def olga(storefront: Product) -> User:
    """Owner: writes the policy, runs no release."""
    user = User.objects.create_user("olga@example.com", "down-the-slipway-42", name="Olga Brandt")
    user.roles.create(product=storefront, kind=RoleKind.OWNER)
    return user


@pytest.fixture
def build(storefront: Product, staging: Environment, emil: User) -> Build:
    found, _ = register_build(
        product=storefront, version="2.0.2", digest=f"sha256:{'a' * 64}", commit="9f3c1e7", actor=emil
    )
    register_deployment(build=found, environment=staging, actor=emil)
    return found


@pytest.fixture
def next_build(storefront: Product, emil: User) -> Build:
    found, _ = register_build(
        product=storefront, version="2.0.3", digest=f"sha256:{'b' * 64}", commit="1e79f3c", actor=emil
    )
    return found


@pytest.fixture
def release(storefront: Product, rhea: User, emil: User, build: Build) -> Release:
    made = create_release(
        product=storefront,
        name="Search 2.0",
        summary="Customers find things though they mistype.",
        way_back="One click, to 1.9.4. No data is lost.",
        actor=rhea,
    )
    add_feature(
        release=made,
        name="Typo-tolerant search",
        description="finds jaket",
        owner=emil,
        no_flag_reason="follows the route",
        actor=rhea,
    )
    set_candidate(release=made, build=build, actor=emil)
    return Release.objects.get(pk=made.pk)


@pytest.fixture
def policy(storefront: Product, olga: User, bea: User, quinn: User, ines: User) -> Policy:
    """Business and QA together, Compliance after; Compliance owns the way back and the plan only."""
    team = {one.name: one for one in storefront.teams.all()}
    return set_policy(
        product=storefront,
        actor=olga,
        stages=[
            StageSpec(name="Business", team=team["Business"]),
            StageSpec(name="QA", team=team["QA"], covers=["candidates", "checklist", "features"]),
            StageSpec(name="Compliance", team=team["Compliance"], order=1, covers=["way_back", "plan"]),
        ],
    )
