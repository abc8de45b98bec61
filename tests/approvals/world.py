"""A release in which there is something of everything that is sealed, signed by everybody who is asked."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from approvals.actions import add_item, decide, submit_release, tell_changes
from approvals.actions.telling import Item
from approvals.case import Case
from approvals.models import ChecklistItem, Decision, Policy, SignoffRequest, Watch
from core.models import Environment, OutboxMessage, User
from core.weights import FULL
from flags.actions import create_flag
from flags.models import Flag
from releases import actions as releases
from releases.models import Build, Feature, FeatureLink, Release
from rollouts.actions import KpiSpec, StepSpec, TargetSpec, set_plan
from validation import actions as testing
from validation.models import Finding, Scenario

__all__ = ["World", "world"]

STEPS = [StepSpec(weight=5_000, bake_seconds=60), StepSpec(weight=FULL, bake_seconds=60)]
TARGETS = [TargetSpec(router="flag", key="search-typo")]
KPIS = [KpiSpec(name="Crashes", source="visits", query={"bad": "status>=500"}, limit=0.02)]


@dataclass
class World:
    release: Release
    typo: Feature
    instant: Feature
    link: FeatureLink
    flag: Flag
    spare: Flag
    item: ChecklistItem
    scenario: Scenario
    finding: Finding
    next_build: Build
    staging: Environment
    production: Environment
    rhea: User
    emil: User
    bea: User
    quinn: User
    ines: User
    tomas: User

    @property
    def fresh(self) -> Release:
        return Release.objects.get(pk=self.release.pk)

    @property
    def case(self) -> Case:
        return Case(self.fresh)

    def plan(self, **changes: object) -> None:
        """Write the plan anew, with these differences."""
        given = {"steps": STEPS, "targets": TARGETS, "kpis": KPIS, "watch_seconds": 3600, **changes}
        set_plan(release=self.fresh, environment=self.production, actor=self.rhea, **given)  # type: ignore[arg-type]

    def asked(self, stage: str) -> SignoffRequest:
        return SignoffRequest.objects.get(release=self.release, stage__name=stage)

    def sign(self, stage: str, person: User, verdict: str = "approve", reason: str = "") -> Decision:
        return decide(
            request=self.asked(stage), person=person, verdict=verdict, seal_digest=self.case.digest, reason=reason
        )

    def granted(self) -> set[str]:
        """Stages that are signed now."""
        return {one.stage.name for one in self.case.standings if one.is_granted}

    def look(self) -> list[Item]:
        """What the task of the beat does for this release."""
        return tell_changes(release=self.fresh)

    def settle(self, passed: timedelta = timedelta(minutes=6)) -> list[Item]:
        """Look, let time pass, look again; what was told then."""
        told = self.look()
        for watch in Watch.objects.all():
            watch.seen_at -= passed
            watch.since = watch.since and watch.since - passed
            watch.save()
        return told + self.look()

    def mails(self, kind: str = "signoff_changed") -> dict[str, list[str]]:
        """First name → subjects, of mails that are not sent yet, oldest first."""
        found: dict[str, list[str]] = {}
        for mail in OutboxMessage.objects.filter(kind=kind).order_by("created_at").select_related("recipient"):
            found.setdefault(mail.recipient.name.split()[0], []).append(mail.subject)
        return found


@pytest.fixture
def world(
    release: Release,
    policy: Policy,
    next_build: Build,
    staging: Environment,
    production: Environment,
    rhea: User,
    emil: User,
    bea: User,
    quinn: User,
    ines: User,
    tomas: User,
) -> World:
    product, typo, build = release.product, release.features.get(), release.candidates.get().build
    assert build
    flag, spare = (create_flag(product=product, key=key, name=key, actor=rhea) for key in ("search-typo", "spare"))
    releases.change_feature(feature=typo, flags=[flag], no_flag_reason="", actor=rhea)
    instant = releases.add_feature(
        release=release, name="Instant results", owner=emil, no_flag_reason="follows the route", actor=rhea
    )
    made = World(
        release=release,
        typo=typo,
        instant=instant,
        link=releases.link_features(feature=instant, other=typo, kind="after", actor=rhea),
        flag=flag,
        spare=spare,
        item=add_item(release=release, text="Support knows", team=product.teams.get(name="Business"), actor=rhea),
        scenario=testing.write_scenario(
            release=release, title="Finds jaket", steps=[{"do": "Type", "expect": "Found"}], actor=rhea
        ),
        finding=testing.raise_finding(release=release, build=build, title="Flickers", severity="minor", actor=tomas),
        next_build=next_build,
        staging=staging,
        production=production,
        rhea=rhea,
        emil=emil,
        bea=bea,
        quinn=quinn,
        ines=ines,
        tomas=tomas,
    )
    made.plan()
    submit_release(release=made.fresh, actor=rhea)
    for stage, person in (("Business", bea), ("QA", quinn), ("Compliance", ines)):
        made.sign(stage, person)
    return made
