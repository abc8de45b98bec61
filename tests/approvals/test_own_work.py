"""P5: whose work a release once was is not forgotten."""

import pytest

from approvals.actions import submit_release
from approvals.case import Case
from approvals.models import Policy
from core.choices import RoleKind
from core.errors import Forbidden
from core.models import Product, User
from releases.actions import change_feature, create_release, register_build, remove_feature, set_candidate
from releases.models import Build, Release
from tests.approvals.test_signing import asked, sign


def may_sign(person: User, product: Product) -> None:
    person.roles.get_or_create(product=product, kind=RoleKind.APPROVER)
    product.teams.get(name="Business").members.add(person)


def test_p5_handing_a_feature_over_makes_nobody_free_to_sign(
    release: Release, policy: Policy, build: Build, storefront: Product, rhea: User, tomas: User
) -> None:
    feature = release.features.get()
    change_feature(feature=feature, owner=tomas, actor=rhea)
    change_feature(feature=feature, owner=rhea, actor=rhea)
    may_sign(tomas, storefront)
    submit_release(release=release, actor=rhea)
    with pytest.raises(Forbidden, match="own work: you owned one of its features"):
        sign(asked(release, "Business"), tomas)


def test_p5_taking_a_feature_out_makes_nobody_free_to_sign(release: Release, rhea: User, emil: User) -> None:
    remove_feature(feature=release.features.get(), actor=rhea)
    assert emil.pk in Case(Release.objects.get(pk=release.pk)).own_work


def test_p5_swapping_the_candidate_makes_nobody_free_to_sign(
    release: Release, storefront: Product, build: Build, rhea: User, emil: User, ines: User, tomas: User
) -> None:
    given = {"version": "2.0.4", "digest": f"sha256:{'d' * 64}", "actor": emil, "author": ines}
    other, _ = register_build(product=storefront, **given)  # type: ignore[arg-type]
    assert ines.pk not in Case(release).own_work
    set_candidate(release=release, build=other, actor=rhea)
    set_candidate(release=release, build=build, actor=rhea)
    known = Case(Release.objects.get(pk=release.pk)).own_work
    assert known[ines.pk] == "built 2.0.4"
    assert {emil.pk, rhea.pk} <= set(known) and tomas.pk not in known


def test_p5_naming_another_author_makes_nobody_free_to_sign(
    storefront: Product, rhea: User, emil: User, ines: User
) -> None:
    release = create_release(product=storefront, name="Quiet", actor=rhea)
    build, _ = register_build(product=storefront, version="2.0.4", digest=f"sha256:{'d' * 64}", actor=emil, author=ines)
    set_candidate(release=release, build=build, actor=rhea)
    assert Case(Release.objects.get(pk=release.pk)).own_work[emil.pk] == "registered a candidate of it"
