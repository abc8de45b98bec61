"""What the live page of one rollout is made of: the same for all who look at one moment, so read once for them.

Nothing in here is anybody's own: what a person may press, the time zone and the clock come with each reader. Only pages
are made of it; the engine and the actions read the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.http import Http404

from core import remember
from core.models import AuditEntry, AuditStream, OutboxMessage, User
from rollouts import figures
from rollouts.facts import PREFETCH, Spans, spans
from rollouts.models import KpiState, Rollout, Target

SECONDS = 5
"""How long it is kept at most: for names and mails, of which no row of a rollout tells."""
LOG_LENGTH = 12
RELATED = ("release__product", "environment__product", "started_by")


@dataclass(frozen=True)
class Material:
    """`rollout` with what `PREFETCH` names, and what else is read about it. `told`: who was told of its end."""

    rollout: Rollout
    spans: Spans
    readings: figures.Readings
    told: Sequence[OutboxMessage]
    log: Sequence[AuditEntry]
    log_count: int


def visible_to(user: User, pk: int, now: datetime) -> Material:
    """What rollout `pk` is made of, if `user` may see it; Http404 if not. One query where nothing changed."""
    seen = Rollout.objects.visible_to(user).filter(pk=pk).values_list("release")
    state = seen.annotate(
        own=remember.versions(Rollout.objects.all(), "pk"),
        targets_are=remember.versions(Target.objects.all(), "rollout"),
        kpis_are=remember.versions(KpiState.objects.all(), "rollout"),
        record=_record(),
    ).first()
    if state is None:
        raise Http404
    return remember.once(f"rollout:{pk}", state, lambda: read(pk, now), SECONDS)


def _record() -> Subquery:
    """The head of the release's record: what people said and pressed, and each line of the log, stands in it."""
    stream = Concat(Value("release:"), Cast(OuterRef("release"), CharField()))
    return Subquery(AuditStream.objects.filter(key=stream).values("head"))


def _pulled_from_under(rollout: Rollout) -> Q:
    """What people did to its flags there while it went on: it takes what was given from everybody, or gives it back."""
    ended = {"at__lte": rollout.ended_at} if rollout.ended_at else {}
    there = {"data__environment": rollout.environment.slug, "at__gte": rollout.started_at, **ended}
    return Q(action__in=("flag_killed", "flag_enabled"), **there)


def read(pk: int, now: datetime) -> Material:
    """The same, from the rows alone. A constant number of queries."""
    rollout = Rollout.objects.select_related(*RELATED).prefetch_related(*PREFETCH).get(pk=pk)
    about = OutboxMessage.objects.filter(subject_key=rollout.release.subject, kind="rollout_rolled_back")
    told = about.filter(dedupe__startswith=f"{rollout.subject}:").select_related("recipient").order_by("created_at")
    log = AuditEntry.objects.filter(Q(subject=rollout.subject) | _pulled_from_under(rollout))
    log = log.filter(stream=rollout.release.subject)
    return Material(
        rollout=rollout,
        spans=spans(rollout),
        readings=figures.read(rollout, now),
        told=list(told),
        log=list(log.select_related("actor").prefetch_related("texts").order_by("-seq")[:LOG_LENGTH]),
        log_count=log.count(),
    )
