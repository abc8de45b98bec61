"""The first page: what to do first, and what that frees."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock, today
from core.access import signed_in, who_may
from core.ui import Line

GROUPS = [
    (
        "decision",
        "Needs my decision",
        "No signature is asked of you.",
        "When a release needs you to sign or to press go, it appears here, and you get one e-mail.",
    ),
    (
        "testing",
        "Needs my testing",
        "Nothing to test.",
        "Scenarios of your products appear here, and those whose build changed after your pass.",
    ),
    (
        "rollout",
        "Rolling out now",
        "Nothing is moving.",
        "While a rollout runs, its step, its KPIs and its next action are here.",
    ),
    (
        "blocked",
        "Blocked",
        "Nothing is blocked.",
        "A release that cannot go on appears here with the reason and who can help.",
    ),
]


@who_may("everybody; rows are only about what they may see")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    work = today.work(signed_in(request), now)
    groups: list[dict[str, Any]] = [
        {
            "key": key,
            "title": title,
            "empty": empty,
            "hint": hint,
            "rows": [row for row in work if row.group == key],
        }
        for key, title, empty, hint in GROUPS
    ]
    context = {"groups": groups, "work": work, "line": _line(work), "now": now}
    return render(request, "core/today.html", context)


def _line(work: list[today.Work]) -> Line | None:
    mine = [row for row in work if row.group in {"decision", "testing"}]
    if mine:
        lead = "1 thing waits for you:" if len(mine) == 1 else f"{len(mine)} things wait for you;"
        text = mine[0].title if len(mine) == 1 else f"the first is: {mine[0].title}"
        return Line("wait", "waiting", lead, text)
    moving = [row for row in work if row.group == "rollout"]
    if moving:
        return Line("live", "live", "Nothing waits for you;", f"{len(moving)} rolling out now")
    blocked = [row for row in work if row.group == "blocked"]
    if blocked:
        return Line("wait", "waiting", "Nothing waits for you;", f"{len(blocked)} blocked on others")
    return None
