"""Who may move a finding: asked by the action before it does, and by the page before it shows a button."""

from core.choices import RoleKind
from core.models import Product, User
from releases.models import Candidate
from validation import rules
from validation.choices import FindingVerb, Severity
from validation.models import Finding


def may_not(finding: Finding, verb: FindingVerb, actor: User, product: Product) -> str:
    """Why `actor` may not, or nothing."""
    return rules.may_not_move(
        verb=verb,
        now=finding.verb,
        severity=Severity(finding.severity),
        is_raiser=actor.pk == finding.raiser_id,
        decides=actor.has_role(product, RoleKind.RELEASE_MANAGER, RoleKind.APPROVER, RoleKind.OWNER),
        builds=actor.has_role(product, RoleKind.ENGINEER, RoleKind.RELEASE_MANAGER),
        rebuilt=not Candidate.objects.filter(release=finding.release_id, build=finding.build_id).exists(),
    )


def moves(finding: Finding, actor: User, product: Product) -> list[tuple[str, str]]:
    """The moves that are legal now for this person, as (verb, word on the button)."""
    if not actor.has_role(product, *(kind for kind in RoleKind if kind != RoleKind.VIEWER)):
        return []
    words = {FindingVerb.FIXED: "Fixed", FindingVerb.ACCEPTED: "Accept", FindingVerb.REOPENED: "Open again"}
    return [(verb.value, word) for verb, word in words.items() if not may_not(finding, verb, actor, product)]
