"""What the actions of this room allow, refuse and leave behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core import clock
from core.errors import Conflict, Forbidden, Refused
from core.models import AuditEntry, Environment, Product, User
from flags.models import Flag
from releases import actions
from releases.choices import ReleaseStatus
from releases.models import Build, Candidate, Check, Deployment, Feature, FeatureLink, Freeze, Release
from tests.releases.conftest import DIGEST, OTHER_DIGEST, Ship

FlagOf = Callable[[str], Flag]


def test_only_managers_open_releases(storefront: Product, tomas: User, emil: User, otto: User) -> None:
    for person in (tomas, emil, otto):
        with pytest.raises(Forbidden):
            actions.create_release(product=storefront, name="Mine", actor=person)
    assert not Release.objects.exists()


def test_a_feature_claims_its_flag_with_the_releases_seed(ship: Ship) -> None:
    assert (ship.flag.claim, ship.flag.claim_label) == (ship.release.subject, "Search 2.0")
    assert ship.flag.seed == str(ship.release.seed)


def test_a_flag_of_another_unfinished_release_is_refused_whole(
    ship: Ship, storefront: Product, rhea: User, emil: User
) -> None:
    other = actions.create_release(product=storefront, name="Gift cards", actor=rhea)
    with pytest.raises(Conflict, match="Search 2") as refusal:
        actions.add_feature(release=other, name="Cards", owner=emil, actor=rhea, flags=[ship.flag])
    assert refusal.value.field == "flags"
    assert not other.features.exists()


def test_a_removed_feature_lets_its_flag_go_and_keeps_the_others(
    ship: Ship, rhea: User, emil: User, flag_of: FlagOf
) -> None:
    second = flag_of("search-instant")
    feature = actions.add_feature(release=ship.release, name="Instant", owner=emil, actor=rhea, flags=[second])
    actions.remove_feature(feature=feature, actor=rhea)
    second.refresh_from_db()
    ship.flag.refresh_from_db()
    assert (second.claim, ship.flag.claim) == ("", ship.release.subject)


def test_changing_the_flags_of_a_feature_moves_the_claim(ship: Ship, rhea: User, flag_of: FlagOf) -> None:
    second = flag_of("search-typo-2")
    actions.change_feature(feature=ship.feature, actor=rhea, flags=[second])
    second.refresh_from_db()
    ship.flag.refresh_from_db()
    assert (second.claim, ship.flag.claim) == (ship.release.subject, "")


def test_p2_a_rolled_back_releases_flags_can_be_taken_over_once_nobody_has_them(
    ship: Ship, storefront: Product, rhea: User, emil: User
) -> None:
    state = ship.flag.states.get(environment__is_production=True)
    for status in ("rollout", "rolled_back"):
        actions.set_status(release=ship.release, status=status, actor=None)
    again = actions.create_release(product=storefront, name="Search 2.1", actor=rhea)
    ship.flag.states.exclude(pk=state.pk).update(weight=100_000)  # testers may keep it
    ship.flag.states.filter(pk=state.pk).update(withheld=False, weight=5_000, carrier="build", build=DIGEST)
    with pytest.raises(Conflict, match="not back at 0 yet"):
        actions.add_feature(release=again, name="Typo", owner=emil, actor=rhea, flags=[ship.flag])
    ship.flag.refresh_from_db()
    assert ship.flag.claim == ship.release.subject
    ship.flag.states.filter(pk=state.pk).update(weight=0)
    actions.add_feature(release=again, name="Typo", owner=emil, actor=rhea, flags=[ship.flag])
    ship.flag.refresh_from_db()
    assert (ship.flag.claim, ship.flag.seed) == (again.subject, str(again.seed))


def test_p1_the_candidate_cannot_change_under_a_live_rollout(ship: Ship, other_build: Build, rhea: User) -> None:
    actions.set_status(release=ship.release, status="rollout", actor=None)
    for _ in range(2):
        with pytest.raises(Conflict, match="The candidate cannot change under a live rollout"):
            actions.set_candidate(release=ship.release, build=other_build, actor=rhea)
        actions.set_status(release=ship.release, status="watch", actor=None)
    assert Candidate.objects.get(release=ship.release).build == ship.build


def test_p1_nor_does_its_scope(ship: Ship, rhea: User, emil: User) -> None:
    actions.set_status(release=ship.release, status="rollout", actor=None)
    for change in (
        lambda: actions.add_feature(release=ship.release, name="More", owner=emil, actor=rhea, no_flag_reason="ops"),
        lambda: actions.change_feature(feature=ship.feature, actor=rhea, flags=[]),
        lambda: actions.remove_feature(feature=ship.feature, actor=rhea),
        lambda: actions.change_release(release=ship.release, actor=rhea, way_back="none"),
        lambda: actions.cancel_release(release=ship.release, actor=rhea, reason="no"),
    ):
        with pytest.raises(Conflict, match="under a live rollout"):
            change()


def test_setting_the_same_candidate_again_changes_nothing(ship: Ship, rhea: User) -> None:
    before = AuditEntry.objects.count()
    actions.set_candidate(release=ship.release, build=ship.build, actor=rhea)
    assert AuditEntry.objects.count() == before


def test_the_first_candidate_opens_validation(ship: Ship) -> None:
    assert ship.release.status == ReleaseStatus.VALIDATION


@pytest.mark.parametrize("status", ["draft", "watch", "completed", "rolled_back"])
def test_a_release_moves_only_along_known_ways(ship: Ship, status: str) -> None:
    actions.set_status(release=ship.release, status="cancelled", actor=None)
    with pytest.raises(Conflict):
        actions.set_status(release=ship.release, status=status, actor=None)


def test_a_finished_release_knows_when(ship: Ship) -> None:
    for status in ("signoff", "rollout", "watch", "completed", "completed"):
        actions.set_status(release=ship.release, status=status, actor=None)
    assert ship.release.finished_at and ship.release.status == "completed"
    assert AuditEntry.objects.filter(stream=ship.release.subject, action="release_completed").count() == 1


def test_a_cancelled_release_frees_its_flags(ship: Ship, rhea: User) -> None:
    actions.cancel_release(release=ship.release, reason="The index is late.", actor=rhea)
    ship.flag.refresh_from_db()
    assert ship.flag.claim == ""
    assert Release.objects.get().status == "cancelled"


def test_a_build_is_registered_once(storefront: Product, build: Build, emil: User) -> None:
    again, new = actions.register_build(product=storefront, version="2.0.3", digest=DIGEST, actor=emil)
    assert (again, new) == (build, False)
    assert AuditEntry.objects.filter(action="build_registered").count() == 1


@pytest.mark.parametrize(
    ("version", "digest", "commit", "field"),
    [("2.0.3", OTHER_DIGEST, "", "version"), ("2.0.4", DIGEST, "", "version"), ("2.0.3", DIGEST, "beef", "commit")],
)
def test_p12_what_a_build_says_never_changes(
    storefront: Product, build: Build, emil: User, version: str, digest: str, commit: str, field: str
) -> None:
    with pytest.raises(Conflict) as refusal:
        actions.register_build(product=storefront, version=version, digest=digest, commit=commit, actor=emil)
    assert refusal.value.field == field
    assert Build.objects.count() == 1


def test_facts_come_from_engineers_only(ship: Ship, rhea: User, tomas: User, otto: User) -> None:
    environment = ship.slot.environment
    for person in (rhea, tomas, otto):
        with pytest.raises(Forbidden):
            actions.register_build(product=ship.release.product, version="9", digest="sha256:99", actor=person)
        with pytest.raises(Forbidden):
            actions.report_check(build=ship.build, kind="regression", status="fail", actor=person)
        with pytest.raises(Forbidden):
            actions.register_deployment(build=ship.build, environment=environment, slot=ship.slot, actor=person)


def test_a_repeated_report_is_the_same_fact(ship: Ship, emil: User) -> None:
    check, new = actions.report_check(
        build=ship.build, kind="regression", status="pass", summary="1 284 passed", actor=emil
    )
    assert not new and Check.objects.get() == check
    row, new = actions.register_deployment(
        build=ship.build, environment=ship.slot.environment, slot=ship.slot, actor=emil
    )
    assert not new and Deployment.objects.get() == row


def test_p12_bad_input_names_its_field_and_writes_nothing(
    ship: Ship, staging: Environment, storefront: Product, rhea: User, emil: User, otto: User, flag_of: FlagOf
) -> None:
    now = clock.now()
    release, build = ship.release, ship.build
    foreign = Build.objects.create(product=otto.roles.get().product, version="1", digest="sha256:aa")
    calls: list[tuple[str, Callable[[], object]]] = [
        ("name", lambda: actions.create_release(product=storefront, name="  ", actor=rhea)),
        ("name", lambda: actions.create_release(product=storefront, name="x" * 121, actor=rhea)),
        ("name", lambda: actions.create_release(product=storefront, name="Search 2.0", actor=rhea)),
        ("summary", lambda: actions.create_release(product=storefront, name="B", summary="a\x00b", actor=rhea)),
        ("kind", lambda: actions.create_release(product=storefront, name="B", kind="big", actor=rhea)),
        ("manager", lambda: actions.create_release(product=storefront, name="B", manager=emil, actor=rhea)),
        ("owner", lambda: actions.add_feature(release=release, name="B", owner=otto, actor=rhea)),
        ("name", lambda: actions.add_feature(release=release, name=ship.feature.name, owner=emil, actor=rhea)),
        ("other", lambda: actions.link_features(feature=ship.feature, other=ship.feature, kind="after", actor=rhea)),
        ("status", lambda: actions.report_check(build=build, kind="security", status="maybe", actor=emil)),
        ("kind", lambda: actions.report_check(build=build, kind="vibes", status="pass", actor=emil)),
        (
            "summary",
            lambda: actions.report_check(build=build, kind="security", status="pass", summary="x" * 201, actor=emil),
        ),
        ("slot", lambda: actions.register_deployment(build=build, environment=staging, slot=ship.slot, actor=emil)),
        ("slot", lambda: actions.register_deployment(build=build, environment=ship.slot.environment, actor=emil)),
        ("version_url", lambda: actions.add_slot(environment=staging, name="blue", version_url="nope", actor=emil)),
        ("name", lambda: actions.add_slot(environment=ship.slot.environment, name="green", actor=emil)),
        ("ends_at", lambda: actions.add_freeze(product=storefront, reason="x", starts_at=now, ends_at=now, actor=rhea)),
        ("reason", lambda: actions.cancel_release(release=release, reason=" ", actor=rhea)),
    ]
    models = (Release, Feature, FeatureLink, Candidate, Build, Check, Deployment, Freeze, AuditEntry)
    before = [model.objects.count() for model in models]
    for field, call in calls:
        with pytest.raises(Refused) as refusal:
            call()
        assert refusal.value.field == field, refusal.value
    rhea.roles.create(product=foreign.product, kind="engineer")
    with pytest.raises(Refused) as refusal:
        actions.set_candidate(release=release, build=foreign, actor=rhea)
    assert refusal.value.field == "build"
    assert [model.objects.count() for model in models] == before


def test_a_freeze_is_lifted_once(storefront: Product, rhea: User, emil: User) -> None:
    now = clock.now()

    def add(actor: User) -> Freeze:
        day = timedelta(days=1)
        return actions.add_freeze(product=storefront, reason="Sale", starts_at=now, ends_at=now + day, actor=actor)

    with pytest.raises(Forbidden):
        add(emil)
    freeze = add(rhea)
    actions.lift_freeze(freeze=freeze, actor=rhea)
    with pytest.raises(Conflict):
        actions.lift_freeze(freeze=freeze, actor=rhea)
