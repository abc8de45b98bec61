"""What can be pressed at a change that waits. A refusal stands on the flag's page, where one pressed."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from core.access import signed_in, who_may
from core.views import attempt, reason_of
from flags import actions
from flags.choices import ChangeState
from flags.models import PlannedChange
from flags.views.reach import CHANGERS
from flags.views.submit import became


@who_may(f"{CHANGERS}, except who asked for it")
@require_POST
def agree(request: HttpRequest, product: str, key: str, pk: int) -> HttpResponse:
    change = _load(request, product, key, pk)
    actor = signed_in(request)
    return _press(request, change, lambda: actions.agree_to_change(change=change, actor=actor))


@who_may(CHANGERS)
@require_POST
def end(request: HttpRequest, product: str, key: str, pk: int) -> HttpResponse:
    """Withdrawn by who asked, refused by anybody else."""
    change = _load(request, product, key, pk)
    actor = signed_in(request)
    return _press(request, change, lambda: actions.end_change(change=change, actor=actor, reason=reason_of(request)))


@who_may(CHANGERS)
@require_POST
def again(request: HttpRequest, product: str, key: str, pk: int) -> HttpResponse:
    """A suspended one, on what the flag is now."""
    change = _load(request, product, key, pk)
    actor = signed_in(request)
    return _press(request, change, lambda: actions.ask_again(change=change, actor=actor))


def _load(request: HttpRequest, product: str, key: str, pk: int) -> PlannedChange:
    mine = PlannedChange.objects.visible_to(signed_in(request)).select_related("flag__product", "environment")
    return get_object_or_404(mine, pk=pk, flag__product__slug=product, flag__key=key)


def _press(request: HttpRequest, change: PlannedChange, action: Callable[[], object]) -> HttpResponse:
    back = change.flag.get_absolute_url()

    def answer(made: object) -> HttpResponse:
        return attempt(request, lambda: None, back=back, done=_said(change, made))

    return attempt(request, action, back=back, answer=answer)


def _said(change: PlannedChange, made: object) -> str:
    where = f"{change.flag.key} in {change.environment.name.lower()}"
    if not isinstance(made, PlannedChange):
        return f"{where} is changed."
    said = {
        ChangeState.APPLIED: f"Agreed: {where} is changed.",
        ChangeState.SUSPENDED: f"Agreed, and nothing has changed: {made.said}",
        ChangeState.REFUSED: "Refused: nothing has changed.",
        ChangeState.WITHDRAWN: "Withdrawn: nothing has changed.",
    }
    return said.get(ChangeState(made.state)) or became(made, "")
