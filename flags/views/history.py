"""What a flag was in one environment: every version, one of them whole, and making it that again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from core.access import signed_in, who_may
from core.models import AuditEntry, Environment
from core.sentences import describe_all
from flags import actions, diff
from flags.actions import MAY_CHANGE
from flags.forms.change import ChangeForm
from flags.meanwhile import meanwhile
from flags.models import Flag, FlagVersion
from flags.places import claimed_by, rows, state_in
from flags.planned import reason_in
from flags.restoring import restoring
from flags.views.reach import MEMBERS, number, read_version, there, visible
from flags.views.submit import submit

PAGE = "flags/version.html"
MOST = 30
"""Versions of one page of the history."""


@dataclass(frozen=True)
class Told:
    """A version: who brought it, why, and what it changed."""

    version: int
    entry: AuditEntry
    sentence: str
    why: str
    lines: Sequence[diff.Change]


@who_may(MEMBERS)
@require_safe
def flag_history(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    """The versions, newest first; `before` goes on where the last page ended."""
    asked = there(request, product, key, environment)
    before = number(request.GET.get("before", ""))
    found = versions_of(asked["flag"], asked["environment"])
    if before is not None:
        found = found.filter(version__lt=before)
    kept = list(found[: MOST + 1])
    told = told_of(kept)[:MOST]
    context = {"flag": asked["flag"], "environment": asked["environment"], "versions": told}
    context |= {"older": told[-1].version if len(kept) > MOST else None, "newest": before is None}
    return render(request, "flags/history.html", context)


@who_may(f"{MEMBERS}; restoring: release managers, engineers and owners")
@require_http_methods(["GET", "HEAD", "POST"])
def flag_version(request: HttpRequest, product: str, key: str, environment: str, version: int) -> HttpResponse:
    """One version whole, and what restoring it would change; a POST restores it."""
    asked = there(request, product, key, environment)
    get_object_or_404(versions_of(asked["flag"], asked["environment"]), version=version)
    form = ChangeForm(request.POST if request.method == "POST" else None)
    read = read_version(request.POST.get("based_on", "")) if form.is_bound else None
    if not form.is_bound or not form.is_valid():
        context = page(request, asked, version, form, read)
        return render(request, PAGE, context, status=422 if form.is_bound else 200)
    return submit(
        request,
        asked,
        lambda: {
            "changes": actions.restoring(asked["flag"], asked["environment"], version),
            "action": "flag_restored",
            "data": {"restored": version},
            "based_on": read,
            **form.said,
        },
        done=f"Who gets {key} in {asked['environment'].name.lower()} is what it was at version {version}.",
        template=PAGE,
        context=lambda: page(request, asked, version, form, read),
        refuse=form.refuse,
    )


def page(
    request: HttpRequest, asked: dict[str, Any], version: int, form: ChangeForm, read: int | None
) -> dict[str, Any]:
    """The version beside what the flag is by now."""
    shown = visible(request, asked["flag"].product.slug, asked["flag"].key)
    environment = asked["environment"]
    state = state_in(shown, environment)
    kept, *before = versions_of(shown, environment).filter(version__lte=version)[:2]
    return {
        "flag": shown,
        "environment": environment,
        "form": form,
        "told": told_of([kept, *before])[0],
        "place": {"rows": rows(kept.definition)},
        "restoring": restoring(kept, state),
        "is_now": kept.version == state.version,
        "may": shown.archived_at is None and signed_in(request).has_role(shown.product, *MAY_CHANGE),
        "based_on": state.version,
        "meanwhile": meanwhile(state, read),
        "claimed_by": claimed_by(shown),
    }


def versions_of(flag: Flag, environment: Environment) -> Any:
    """Newest first, with who and why."""
    found = FlagVersion.objects.filter(flag=flag, environment=environment).select_related("entry__actor")
    return found.prefetch_related("entry__texts").order_by("-version")


def told_of(kept: Sequence[FlagVersion]) -> list[Told]:
    """Each beside the one before it; the first of all has none."""
    sentences = describe_all([one.entry for one in kept])
    found = []
    for at, one in enumerate(kept):
        before = kept[at + 1] if at + 1 < len(kept) else None
        lines = (
            diff.changes(before.definition, one.definition, before.segments, one.segments) if before is not None else []
        )
        found.append(Told(one.version, one.entry, sentences[at].form, reason_in(one.entry), lines))
    return found
