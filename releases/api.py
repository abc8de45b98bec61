"""What CI tells and asks. A token acts as its user, within its product: anything else does not exist (404)."""

from datetime import datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema

from core import clock
from core.errors import Refused
from core.models import Environment, Product, User
from core.tokens import actor_of, product_of, token_of
from releases import actions
from releases.choices import CheckKind, CheckStatus, ReleaseStatus
from releases.gates import Gate, Question, readiness
from releases.models import Build, Release, Slot

router = Router(tags=["releases"])

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Digest = Annotated[str, Field(min_length=6, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+:-]*$")]


class BuildIn(Schema):
    version: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\s\x00/]+$")]
    digest: Digest
    commit: Annotated[str, Field(max_length=64, pattern=r"^[0-9A-Za-z._-]*$")] = ""
    author: Annotated[str, Field(max_length=254, pattern=r"^[^\x00]*$")] = Field(
        default="", description="E-mail address of whoever wrote it; the token's user if left out. May not sign for it."
    )


class BuildOut(Schema):
    id: int
    version: str
    digest: str
    commit: str
    registered_at: datetime


class CheckIn(Schema):
    kind: CheckKind
    status: CheckStatus
    summary: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""


class CheckOut(Schema):
    id: int
    kind: str
    status: str
    summary: str
    reported_at: datetime


class DeploymentIn(Schema):
    digest: Digest
    environment: Text
    slot: Annotated[str, Field(max_length=40, pattern=r"^[^\x00]*$")] = ""


class DeploymentOut(Schema):
    id: int
    digest: str
    version: str
    environment: str
    slot: str
    deployed_at: datetime


class CandidateIn(Schema):
    digest: Digest


class CandidateOut(Schema):
    product: str
    version: str | None
    digest: str | None


class ReleaseOut(Schema):
    id: int
    name: str
    product: str
    kind: str
    status: str
    finished: bool
    candidates: list[CandidateOut]
    features: list[str]


class GateOut(Schema):
    key: str
    name: str
    state: str
    open: bool
    sentence: str
    who: str
    since: datetime | None
    on_close: str


class ReadinessOut(Schema):
    open: bool = Field(description="True if every gate is open and the release is not over.")
    status: str
    at: datetime
    gates: list[GateOut]


@router.post("/products/{slug}/builds", response={200: BuildOut, 201: BuildOut}, summary="Register a build")
def register_build(request: HttpRequest, slug: str, body: BuildIn) -> tuple[int, Build]:
    """Twice the same digest is one build: 201, then 200. The same version with another digest is a 409."""
    actor, product = actor_of(request), product_of(request, slug)
    build, new = actions.register_build(
        product=product,
        version=body.version,
        digest=body.digest,
        commit=body.commit,
        author=_person(product, body.author),
        actor=actor,
    )
    return (201 if new else 200), build


@router.post("/builds/{digest}/checks", response={200: CheckOut, 201: CheckOut}, summary="Report a check")
def report_check(request: HttpRequest, digest: str, body: CheckIn) -> tuple[int, Any]:
    """The newest result of a kind counts."""
    build = get_object_or_404(_builds(request), digest=digest)
    check, new = actions.report_check(
        build=build, kind=body.kind, status=body.status, summary=body.summary, actor=actor_of(request)
    )
    return (201 if new else 200), check


@router.post(
    "/products/{slug}/deployments", response={200: DeploymentOut, 201: DeploymentOut}, summary="Register a deployment"
)
def register_deployment(request: HttpRequest, slug: str, body: DeploymentIn) -> tuple[int, dict[str, Any]]:
    """Say that a build runs in an environment, and in which slot if it has any."""
    product = product_of(request, slug)
    build = _builds(request).filter(digest=body.digest).first()
    if build is None:
        raise Refused("No build of this digest is registered.", field="digest")
    environment = Environment.objects.filter(product=product, slug=body.environment).first()
    if environment is None:
        raise Refused(f"{product} has no environment {body.environment}.", field="environment")
    slot = Slot.objects.filter(environment=environment, name=body.slot).first() if body.slot else None
    if body.slot and slot is None:
        raise Refused(f"{environment} has no slot {body.slot}.", field="slot")
    row, new = actions.register_deployment(build=build, environment=environment, slot=slot, actor=actor_of(request))
    out = {
        "id": row.pk,
        "digest": build.digest,
        "version": build.version,
        "environment": environment.slug,
        "slot": slot.name if slot else "",
        "deployed_at": row.deployed_at,
    }
    return (201 if new else 200), out


@router.get("/releases/{release_id}", response=ReleaseOut, summary="A release")
def get_release(request: HttpRequest, release_id: int) -> dict[str, Any]:
    release = _release(request, release_id)
    return {
        "id": release.pk,
        "name": release.name,
        "product": release.product.slug,
        "kind": release.kind,
        "status": release.status,
        "finished": ReleaseStatus(release.status).is_finished,
        "candidates": [
            _candidate(row.product, row.build) for row in release.candidates.select_related("product", "build")
        ],
        "features": [feature.name for feature in release.features.all()],
    }


@router.get("/releases/{release_id}/gates", response=ReadinessOut, summary="May this release go on?")
def get_gates(request: HttpRequest, release_id: int) -> dict[str, Any]:
    """Every gate with its sentence. 200 whether or not they are open: read `open`."""
    release, now = _release(request, release_id), clock.now()
    gates = readiness(Question(release=release, now=now))
    finished = ReleaseStatus(release.status).is_finished
    return {
        "open": not finished and all(gate.is_open for gate in gates),
        "status": release.status,
        "at": now,
        "gates": [_gate(gate) for gate in gates],
    }


@router.put("/releases/{release_id}/candidate", response=CandidateOut, summary="Set the candidate")
def set_candidate(request: HttpRequest, release_id: int, body: CandidateIn) -> dict[str, Any]:
    """Make a registered build of the token's product what the release ships. The same again changes nothing."""
    release = _release(request, release_id)
    build = _builds(request).filter(digest=body.digest).first()
    if build is None:
        raise Refused("No build of this digest is registered.", field="digest")
    row = actions.set_candidate(release=release, build=build, actor=actor_of(request))
    return _candidate(build.product, row.build)


def _builds(request: HttpRequest) -> QuerySet[Build]:
    token = token_of(request)
    visible = Product.objects.visible_to(token.user).filter(pk=token.product_id)
    return Build.objects.filter(product__in=visible).select_related("product")


def _release(request: HttpRequest, release_id: int) -> Release:
    token = token_of(request)
    covering = Release.objects.visible_to(token.user).filter(pk=release_id).select_related("product", "manager")
    return get_object_or_404(covering.filter(pk__in=Release.objects.filter(candidates__product=token.product_id)))


def _person(product: Product, address: str) -> User | None:
    if not address:
        return None
    person = User.objects.filter(email=address.strip().lower(), roles__product=product, is_active=True).first()
    if person is None:
        raise Refused(f"Nobody with this address has a role in {product}.", field="author")
    return person


def _candidate(product: Product, build: Build | None) -> dict[str, Any]:
    return {
        "product": product.slug,
        "version": build.version if build else None,
        "digest": build.digest if build else None,
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "key": gate.key,
        "name": gate.name,
        "state": gate.state.value,
        "open": gate.is_open,
        "sentence": gate.sentence,
        "who": gate.who,
        "since": gate.since,
        "on_close": gate.on_close.value,
    }
