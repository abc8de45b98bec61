"""One release before its signers: loaded once, asked by gates, actions and pages alike."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from approvals import rules
from approvals.choices import Verdict
from approvals.hands import past_work
from approvals.models import Decision, Policy, SignoffRequest, Stage
from core.choices import RoleKind
from core.models import User
from releases import seal
from releases.models import Candidate, Release


def facts_of(stage: Stage) -> rules.StageFacts:
    return rules.StageFacts(
        id=stage.pk, name=stage.name, order=stage.order, quorum=stage.quorum, covers=frozenset(stage.covers)
    )


class Case:
    """What a release's sign-off stands on: its policy, what was asked, what was decided, and what it is now."""

    def __init__(self, release: Release) -> None:
        self.release = release

    @cached_property
    def policy(self) -> Policy | None:
        return Policy.objects.of(self.release)

    @cached_property
    def stages(self) -> list[Stage]:
        return list(self.policy.stages.select_related("team")) if self.policy else []

    @cached_property
    def requests(self) -> dict[int, SignoffRequest]:
        """Stage id → what was asked of it."""
        rows = SignoffRequest.objects.filter(release=self.release).select_related("asked_by", "seal", "stage__team")
        return {row.stage_id: row for row in rows}

    @cached_property
    def decisions(self) -> list[Decision]:
        rows = Decision.objects.filter(request__release=self.release).select_related(
            "person", "seal", "reason", "request__stage"
        )
        return list(rows.order_by("id"))

    @cached_property
    def parts(self) -> list[seal.Part]:
        return seal.parts(self.release)

    @cached_property
    def digests(self) -> dict[str, str]:
        return {part.name: part.digest for part in self.parts}

    @cached_property
    def digest(self) -> str:
        return seal.digest(self.parts)

    @cached_property
    def candidates(self) -> list[Candidate]:
        return list(self.release.candidates.select_related("build__author", "product").order_by("product__name"))

    @cached_property
    def own_work(self) -> dict[int, str]:
        """People who may not sign this release → what of it is or was theirs (docs/decisions: who may not sign)."""
        release, found = self.release, past_work(self.release)
        for request in self.requests.values():
            found[request.asked_by_id] = "asked for this sign-off"
        for candidate in self.candidates:
            if candidate.set_by_id:
                found[candidate.set_by_id] = "chose the candidate"
        found[release.created_by_id] = "put this release together"
        found[release.manager_id] = "manage this release"
        for feature in release.features.all():
            found[feature.owner_id] = f"own “{feature.name}”"
        for candidate in self.candidates:
            if candidate.build and candidate.build.author_id:
                found[candidate.build.author_id] = f"built {candidate.build}"
        return found

    @cached_property
    def standings(self) -> list[rules.Standing]:
        return rules.tally(
            [facts_of(stage) for stage in self.stages],
            [_signed(decision) for decision in self.decisions],
            self.digests,
            authors=self.own_work,
        )

    @cached_property
    def _approvers(self) -> dict[int, list[User]]:
        found: dict[int, list[User]] = defaultdict(list)
        people = User.objects.filter(
            is_active=True,
            roles__product=self.release.product_id,
            roles__kind=RoleKind.APPROVER,
            teams__in=[stage.team_id for stage in self.stages],
        )
        teams = User.teams.through.objects.filter(
            user__in=people, team__in=[stage.team_id for stage in self.stages]
        ).select_related("user")
        for row in teams.order_by("user__name"):
            found[row.team_id].append(row.user)
        return found

    def signers(self, stage: Stage) -> list[User]:
        """Who may still sign this stage: its team's active approvers without work of their own in it."""
        taken = {one.person for each in self.standings for one in each.granted}
        return [
            user for user in self._approvers[stage.team_id] if user.pk not in self.own_work and user.pk not in taken
        ]

    def standing(self, stage: Stage) -> rules.Standing:
        return next(one for one in self.standings if one.stage.id == stage.pk)

    def may_not_sign(self, stage: Stage, person: User) -> str:
        """Why `person` may not sign `stage`, or nothing."""
        return rules.may_not_sign(
            person=person.pk,
            stage=facts_of(stage),
            in_team=stage.team.members.filter(pk=person.pk).exists(),
            is_approver=person.has_role(self.release.product, RoleKind.APPROVER),
            is_active=person.is_active,
            own_work=self.own_work,
            standings=self.standings,
        )

    def newest(self, request: SignoffRequest, person: User) -> Decision | None:
        """This person's decision that counts on this request, if any."""
        mine = [one for one in self.decisions if one.request_id == request.pk and one.person_id == person.pk]
        return mine[-1] if mine else None


def _signed(decision: Decision) -> rules.Signed:
    reason = getattr(decision, "reason", None)
    return rules.Signed(
        id=decision.pk,
        stage=decision.request.stage_id,
        person=decision.person_id,
        name=str(decision.person),
        verdict=Verdict(decision.verdict),
        parts={name: part["digest"] for name, part in decision.seal.parts.items()},
        at=decision.at,
        reason=reason.text if reason else "",
    )
