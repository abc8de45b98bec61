"""Who may move a finding: asked by the action before it does, and by the page before it shows a button."""

from dataclasses import dataclass

from core.choices import RoleKind
from core.models import User
from releases.models import Release
from validation import rules
from validation.choices import FindingVerb, Severity
from validation.models import Finding

WORDS = {FindingVerb.FIXED: "Mark as fixed", FindingVerb.ACCEPTED: "Accept", FindingVerb.REOPENED: "Open again"}


@dataclass(frozen=True)
class Mover:
    """What is known of a person for all findings of a release: two queries, however many there are."""

    person: int
    roles: frozenset[str]
    candidates: frozenset[int]

    @classmethod
    def of(cls, actor: User, release: Release) -> "Mover":
        roles = actor.roles.filter(product=release.product_id).values_list("kind", flat=True)
        builds = release.candidates.exclude(build=None).values_list("build_id", flat=True)
        return cls(actor.pk, frozenset(roles) if actor.is_active else frozenset(), frozenset(builds))

    def may_not(self, finding: Finding, verb: FindingVerb) -> str:
        """Why not, or nothing."""
        return rules.may_not_move(
            verb=verb,
            now=finding.verb,
            severity=Severity(finding.severity),
            is_raiser=self.person == finding.raiser_id,
            decides=bool(self.roles & {RoleKind.RELEASE_MANAGER, RoleKind.APPROVER, RoleKind.OWNER}),
            builds=bool(self.roles & {RoleKind.ENGINEER, RoleKind.RELEASE_MANAGER}),
            rebuilt=finding.build_id not in self.candidates,
        )

    def moves(self, finding: Finding) -> list[tuple[FindingVerb, str]]:
        """The moves that are legal now for this person, with the word on the button."""
        if not self.roles - {RoleKind.VIEWER}:
            return []
        return [(verb, word) for verb, word in WORDS.items() if not self.may_not(finding, verb)]
