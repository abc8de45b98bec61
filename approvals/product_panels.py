"""The section of this room on a product's page: who has to sign, in which order, and what it was before."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Prefetch

from approvals.models import Stage
from approvals.product_forms import PolicyForm, in_words
from core.choices import RoleKind
from core.models import Product, Team
from core.panels import Ask, Section
from core.words import span

SHOWN = 20
"""Former versions on the page; the record has them all."""


def policy(ask: Ask) -> Section:
    stages = Prefetch("stages", Stage.objects.select_related("team"))
    versions = list(
        ask.product.policies.select_related("created_by").prefetch_related(stages).order_by("-version")[: SHOWN + 1]
    )
    newest = versions[0] if versions else None
    able = approvers(ask.product)
    may = ask.may(RoleKind.OWNER)
    version, now = (newest.version, list(newest.stages.all())) if newest else (0, [])
    form = ask.form("policy", lambda: PolicyForm.of(ask.product, version, now), when=may)
    if isinstance(form, PolicyForm) and form.is_bound:
        form.read(version)
    return Section(
        key="policy",
        title="Sign-off policy",
        beside=f"version {newest.version}" if newest else "",
        act=("Write a new version" if newest else "Write it") if may else "",
        opens="policy",
        template="approvals/product_policy.html",
        context={
            "policy": newest,
            "rows": [(stage, in_full(stage), lacks(stage, able)) for stage in now],
            "former": [(one, [f"{stage}: {in_full(stage)}" for stage in one.stages.all()]) for one in versions[1:]],
            "form": form,
            "teams": ask.product.teams.exists() if form else True,
        },
    )


def approvers(product: Product) -> Mapping[int, int]:
    """Team id → how many of its members could sign now."""
    pairs = Team.members.through.objects.filter(
        team__product=product,
        user__is_active=True,
        user__roles__product=product,
        user__roles__kind=RoleKind.APPROVER,
    )
    return Counter(pairs.values_list("team_id", flat=True))


def in_full(stage: Stage) -> str:
    """``1 signature of Business within 48 h; covers everything``."""
    count = f"{stage.quorum} signature{'' if stage.quorum == 1 else 's'}"
    covers = ", ".join(in_words(name) for name in stage.covers) or "everything"
    return f"{count} of {stage.team} within {span(timedelta(hours=stage.due_hours))}; covers {covers}"


def lacks(stage: Stage, able: Mapping[int, int]) -> str:
    """Why this stage cannot be completed by the team as it is today, if so."""
    have = able.get(stage.team_id, 0)
    if have >= stage.quorum:
        return ""
    return f"{stage.team} has {have} approver{'' if have == 1 else 's'}: nobody can complete this."
