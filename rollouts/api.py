"""Rollouts for scripts: how one stands, and the three ways to stop it. A token acts as its user, within its product."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema

from core.tokens import actor_of, token_of
from rollouts import actions
from rollouts.models import Rollout

router = Router(tags=["rollouts"])


class Reason(Schema):
    reason: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


class MaybeReason(Schema):
    reason: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")] = ""


class TargetOut(Schema):
    router: str
    key: str
    role: str
    desired: int = Field(description="Parts per 100 000: what the database says.")
    observed: int | None = Field(description="Parts per 100 000: what the router answered; null if it never did.")
    confirmed: bool
    observed_at: datetime | None
    problem: str


class KpiOut(Schema):
    name: str
    verdict: str
    reason: str
    since: datetime | None
    canary: float | None
    stable: float | None
    e_value: float | None
    bound: float | None


class RolloutOut(Schema):
    id: int
    release: int
    environment: str
    state: str
    live: bool
    step: int
    desired: int
    reasons: list[str]
    started_at: datetime
    ended_at: datetime | None
    restored_at: datetime | None = Field(description="When every target was observed at 0 again after a rollback.")
    targets: list[TargetOut]
    kpis: list[KpiOut]


@router.get("/rollouts/{pk}", response=RolloutOut, summary="How a rollout stands")
def read(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Intended and confirmed weights, verdicts, and why it is where it is."""
    return _out(_rollout(request, pk))


@router.post("/rollouts/{pk}/hold", response=RolloutOut, summary="Stop growth")
def hold(request: HttpRequest, pk: int, body: Reason) -> dict[str, Any]:
    """Users keep what they have until somebody resumes or rolls back. 409 if it has ended or is paused."""
    return _out(actions.hold(rollout=_rollout(request, pk), actor=actor_of(request), reason=body.reason))


@router.post("/rollouts/{pk}/resume", response=RolloutOut, summary="Let it go on")
def resume(request: HttpRequest, pk: int, body: MaybeReason) -> dict[str, Any]:
    """409 if it is not paused."""
    return _out(actions.resume(rollout=_rollout(request, pk), actor=actor_of(request), reason=body.reason))


@router.post("/rollouts/{pk}/roll-back", response=RolloutOut, summary="Everybody back")
def roll_back(request: HttpRequest, pk: int, body: Reason) -> dict[str, Any]:
    """Again is harmless. Answers within seconds; `restored_at` is set once every router confirmed 0."""
    actions.roll_back(rollout=_rollout(request, pk), actor=actor_of(request), reason=body.reason)
    return _out(_rollout(request, pk))


def _rollout(request: HttpRequest, pk: int) -> Rollout:
    token = token_of(request)
    visible = Rollout.objects.visible_to(token.user).filter(release__candidates__product=token.product_id)
    return get_object_or_404(visible.select_related("release__product", "environment"), pk=pk)


def _out(rollout: Rollout) -> dict[str, Any]:
    facts = {name: getattr(rollout, name) for name in ("state", "step", "desired", "started_at", "ended_at")}
    return {
        **facts,
        "reasons": rollout.why,
        "id": rollout.pk,
        "release": rollout.release_id,
        "environment": rollout.environment.slug,
        "live": rollout.is_live,
        "restored_at": rollout.restored_at,
        "targets": [
            {
                **{name: getattr(row, name) for name in ("router", "key", "role", "desired", "observed", "problem")},
                "confirmed": row.is_confirmed,
                "observed_at": row.observed_at,
            }
            for row in rollout.targets.all()
        ],
        "kpis": [
            {
                "name": row.kpi.name,
                **{name: getattr(row, name) for name in ("verdict", "reason", "since")},
                **{name: row.numbers.get(name) for name in ("canary", "stable", "e_value", "bound")},
            }
            for row in rollout.kpi_states.select_related("kpi")
        ],
    }
