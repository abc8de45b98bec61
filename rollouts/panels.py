"""What this room shows on the release page: the plan, the rollouts there were, and the button that starts one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.urls import reverse

from core.models import User
from core.weights import as_percent
from core.words import span
from releases.choices import ReleaseStatus
from releases.gates import Question, closed, readiness
from releases.models import Release
from releases.panels import READY, Act, Panel, Press
from rollouts import people
from rollouts.actions.plan import may_write
from rollouts.choices import Role
from rollouts.facts import PREFETCH, target_name
from rollouts.models import Plan, Rollout
from rollouts.screen import row


def release(release: Release, user: User, now: datetime) -> Sequence[Panel]:
    """The plan in words, and where it stands."""
    plan = Plan.objects.filter(release=release).select_related("environment").first()
    held = release.rollouts.select_related("environment__product", "release__product")
    rows = [row(one, now) for one in held.prefetch_related(*PREFETCH)[:5]]
    if plan is None:
        context: dict[str, object] = {"plan": None, "rows": rows, "may_plan": may_write(release, user)}
        return [Panel(template="rollouts/_plan.html", context=context)]
    live = any(one["rollout"].is_live for one in rows)
    finished = ReleaseStatus(release.status).is_finished
    context = {"plan": plan, "rows": rows, "live": live, "finished": finished, **_words(plan)}
    context["may_plan"] = may_write(release, user)
    if not live and not finished:
        context |= _start(release, user, now)
    steps = " → ".join(as_percent(step.weight) for step in plan.steps.all())
    watch = span(timedelta(seconds=plan.watch_seconds))
    notes = {ReleaseStatus.ROLLOUT.value: steps, ReleaseStatus.WATCH.value: watch}
    first = plan.steps.first()
    then = f"{as_percent(first.weight)}, started by {release.manager}" if first and not live else ""
    told = rows[0] if finished and rows else next((one for one in rows if one["rollout"].is_live), None)
    line = told["line"] if told else None
    word = "Read how it went" if finished else "Watch"
    act = Act(word, reverse("rollout", args=[told["rollout"].pk]), "the rollout") if told else None
    start = Press("Start the rollout", reverse("rollout-start", args=[release.pk]), "play")
    presses = {READY: start} if context.get("may_start") else {}
    return [
        Panel(
            template="rollouts/_plan.html",
            context=context,
            notes=notes,
            then=then,
            line=line,
            act=act,
            presses=presses,
        )
    ]


def _words(plan: Plan) -> dict[str, object]:
    steps = [
        (as_percent(step.weight), span(timedelta(seconds=step.bake_seconds)), str(step.go_team or ""))
        for step in plan.steps.select_related("go_team")
    ]
    moved = list(plan.targets.all())
    targets = [
        (", ".join(target_name(target) for target in moved if target.role == role), role.label)
        for role in Role
        if any(target.role == role for target in moved)
    ]
    kpis = [(kpi.name, _judged(kpi.compare, kpi.limit), kpi.get_on_breach_display()) for kpi in plan.kpis.all()]
    return {"steps": steps, "targets": targets, "kpis": kpis, "watch": timedelta(seconds=plan.watch_seconds)}


def _judged(compare: bool, limit: float | None) -> str:
    absolute = f"at most {limit * 100:g}\u00a0%" if limit is not None else ""
    return " and ".join(part for part in ("against stable" if compare else "", absolute) if part)


def _start(release: Release, user: User, now: datetime) -> dict[str, object]:
    """Whether `user` may start it now, and if not, why not."""
    shut = closed(readiness(Question(release=release, now=now)))
    may = people.may_start(user, release)
    return {"may_start": may and not shut, "shut": len(shut), "starter": None if may else release.manager}


def live_of(user: User) -> Sequence[Rollout]:
    """The live rollouts that `user` may see."""
    seen = Rollout.objects.visible_to(user).live().select_related("release__product", "environment__product")
    return list(seen.prefetch_related(*PREFETCH))
