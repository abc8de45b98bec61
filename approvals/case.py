"""One release before its signers: loaded once, asked by gates, actions and pages alike."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from approvals import rules
from approvals.choices import Verdict
from approvals.hands import past_work
from approvals.models import Decision, Delegation, Policy, Remark, SignoffRequest, Stage
from core.choices import RoleKind
from core.models import OutboxMessage, User
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
            "person", "seal", "reason", "request__stage", "instead_of"
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
    def _approvers(self) -> dict[int, User]:
        """Everybody who signs for the product at all, by name."""
        people = User.objects.filter(
            is_active=True, roles__product=self.release.product_id, roles__kind=RoleKind.APPROVER
        )
        return {user.pk: user for user in people.distinct().order_by("name", "pk")}

    @cached_property
    def _members(self) -> dict[int, set[int]]:
        """Team id → ids of the people in it."""
        found: dict[int, set[int]] = defaultdict(set)
        teams = [stage.team_id for stage in self.stages]
        for team, user in User.teams.through.objects.filter(team__in=teams).values_list("team_id", "user_id"):
            found[team].add(user)
        return found

    @cached_property
    def delegations(self) -> dict[int, dict[int, Delegation]]:
        """Stage id → giver id → what counts of what they handed on. It lapses with the giver's own right to sign."""
        newest: dict[tuple[int, int], Delegation] = {}
        rows = Delegation.objects.filter(request__release=self.release).select_related("giver", "to", "request")
        for row in rows.order_by("id"):
            newest[row.request.stage_id, row.giver_id] = row
        found: dict[int, dict[int, Delegation]] = defaultdict(dict)
        teams = {stage.pk: stage.team_id for stage in self.stages}
        for (stage, giver), row in newest.items():
            entitled = giver in self._members[teams[stage]] and giver in self._approvers and giver not in self.own_work
            if row.to_id and entitled:
                found[stage][giver] = row
        return found

    @cached_property
    def taken(self) -> set[int]:
        """Whose signature counts already, somewhere in this release."""
        return {one.person for each in self.standings for one in each.granted}

    @cached_property
    def questions(self) -> list[Remark]:
        """What signers asked, oldest first, each with its words and its answer if there is one."""
        rows = Remark.objects.filter(request__release=self.release, question=None).select_related(
            "person", "words", "request__stage", "answer__person", "answer__words"
        )
        return list(rows.order_by("id"))

    @cached_property
    def unreachable(self) -> set[int]:
        """People to whom the newest mail about this sign-off could not be delivered."""
        mails = OutboxMessage.objects.filter(subject_key=self.release.subject, kind__startswith="signoff")
        newest = mails.order_by("recipient_id", "-created_at").distinct("recipient_id")
        return {person for person, failed in newest.values_list("recipient_id", "failed_at") if failed}

    def unanswered(self, stage: Stage) -> list[Remark]:
        return [one for one in self.questions if one.request.stage_id == stage.pk and not hasattr(one, "answer")]

    def in_team(self, stage: Stage, person: User) -> bool:
        return person.pk in self._members[stage.team_id]

    def signers(self, stage: Stage) -> list[User]:
        """Who may still sign this stage: its team's active approvers and those to whom one of them handed their part,
        without work of their own in it.
        """
        handed = self.delegations[stage.pk]
        able = (self._members[stage.team_id] - set(handed)) | {row.to_id for row in handed.values() if row.to_id}
        return [user for pk, user in self._approvers.items() if pk in able and self._is_free(pk)]

    def delegates(self, stage: Stage) -> list[User]:
        """To whom a signer of `stage` may hand their part: approvers outside its team, free to sign this release."""
        team = self._members[stage.team_id]
        busy = {row.to_id for row in self.delegations[stage.pk].values()}
        return [user for pk, user in self._approvers.items() if pk not in team | busy and self._is_free(pk)]

    def instead_of(self, stage: Stage, person: User) -> User | None:
        """Whose part `person` signs in `stage`, where it is not their own."""
        return next((row.giver for row in self.delegations[stage.pk].values() if row.to_id == person.pk), None)

    def handed_to(self, stage: Stage, person: User) -> User | None:
        """To whom `person` handed their part in `stage`."""
        row = self.delegations[stage.pk].get(person.pk)
        return row.to if row else None

    def _is_free(self, person: int) -> bool:
        return person not in self.own_work and person not in self.taken

    def standing(self, stage: Stage) -> rules.Standing:
        return next(one for one in self.standings if one.stage.id == stage.pk)

    def may_not_sign(self, stage: Stage, person: User) -> str:
        """Why `person` may not sign `stage`, or nothing."""
        return rules.may_not_sign(
            person=person.pk,
            stage=facts_of(stage),
            in_team=self.in_team(stage, person) or self.instead_of(stage, person) is not None,
            is_approver=person.pk in self._approvers,
            is_active=person.is_active,
            own_work=self.own_work,
            standings=self.standings,
            handed_to=str(self.handed_to(stage, person) or ""),
        )

    def may_not_hand_on(self, stage: Stage, person: User) -> str:
        """Why `person` may not hand their part in `stage` to somebody else, or nothing."""
        standing = self.standing(stage)
        return rules.may_not_hand_on(
            stage=facts_of(stage),
            may_not_sign=self.may_not_sign(stage, person),
            in_team=self.in_team(stage, person),
            has_decided=any(one.person == person.pk for one in (*standing.granted, *standing.refused)),
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
        instead_of=str(decision.instead_of) if decision.instead_of else "",
        giver=decision.instead_of_id,
    )
