"""What runs where: product × environment × slot."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock, scope
from core.access import signed_in, who_may
from core.models import Environment, User
from core.words import span
from releases import rules
from releases.choices import ReleaseStatus
from releases.models import Build, Candidate, Deployment, Release, Slot

Place = tuple[int, int | None]
WENT_OUT = {ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH, ReleaseStatus.COMPLETED, ReleaseStatus.ROLLED_BACK}


@dataclass(frozen=True)
class Row:
    """One place. `word` says whether what it runs is what its record says."""

    environment: Environment
    slot: Slot | None
    deployment: Deployment | None
    release: Release | None
    tone: str
    icon: str
    word: str
    note: str = ""

    @property
    def signed(self) -> bool:
        """Whether every signature stood when that release began to reach users."""
        return self.release is not None and self.release.status in WENT_OUT


@who_may("whoever has a role in the product")
@require_safe
def running(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    environments = list(
        scope.narrow(request, Environment.objects.visible_to(signed_in(request)))
        .select_related("product")
        .prefetch_related("slots")
        .order_by("product__name", "order", "name")
    )
    newest = _newest(environments)
    signed = _signed(newest.values(), signed_in(request))
    said = _versions(environments)
    rows = []
    for environment in environments:
        slots: list[Slot | None] = list(environment.slots.all())
        for slot in slots or [None]:
            deployment = newest.get((environment.pk, slot.pk if slot else None))
            release = signed.get(deployment.build_id) if deployment else None
            rows.append(Row(environment, slot, deployment, release, *agrees(environment, slot, deployment, said, now)))
    template = "releases/running.html#table" if request.htmx else "releases/running.html"  # type: ignore[attr-defined]
    topics = sorted({f"product:{environment.product_id}" for environment in environments})
    response = render(request, template, {"rows": rows, "now": now, "topics": " ".join(topics)})
    response["Vary"] = "HX-Request"
    return response


def agrees(
    environment: Environment,
    slot: Slot | None,
    deployment: Deployment | None,
    said: dict[tuple[int, str], str],
    now: datetime,
) -> tuple[str, str, str, str]:
    """Tone, icon, word and note: does what a place says of itself agree with the record?"""
    if deployment is None:
        return "none", "ring", "nothing yet", ""
    if slot is None or not slot.version_url:
        return "none", "ring", "by record", "It cannot be asked."
    if slot.observed_at is None:
        return "wait", "waiting", "not asked yet", slot.observed_problem
    age = now - slot.observed_at
    if age > rules.FRESH:
        return "wait", "waiting", "no answer", slot.observed_problem or f"Last heard {span(age)} ago."
    if slot.observed_digest != deployment.build.digest:
        name = said.get((environment.product_id, slot.observed_digest)) or rules.short(slot.observed_digest)
        return "bad", "blocked", f"says {name}", "It does not run what was deployed."
    return "good", "open", "confirmed", ""


def _newest(environments: list[Environment]) -> dict[Place, Deployment]:
    rows = (
        Deployment.objects.filter(environment__in=environments)
        .order_by("environment_id", "slot_id", "-deployed_at", "-id")
        .distinct("environment_id", "slot_id")
        .select_related("build", "deployed_by")
    )
    return {(row.environment_id, row.slot_id): row for row in rows}


def _signed(deployments: Iterable[Deployment], user: User) -> dict[int, Release]:
    """Per build the newest release that ships it; one that went out comes before one that has not yet."""
    rows = Candidate.objects.filter(
        build__in=[row.build_id for row in deployments], release__in=Release.objects.visible_to(user)
    ).exclude(release__status=ReleaseStatus.CANCELLED)
    found = [row for row in rows.select_related("release").order_by("release__created_at") if row.build_id]
    found.sort(key=lambda row: row.release.status in WENT_OUT)
    return {row.build_id: row.release for row in found if row.build_id}


def _versions(environments: list[Environment]) -> dict[tuple[int, str], str]:
    said = {slot.observed_digest for environment in environments for slot in environment.slots.all()} - {""}
    products = {environment.product_id for environment in environments}
    rows = Build.objects.filter(product__in=products, digest__in=said)
    return {(row.product_id, row.digest): row.version for row in rows}
