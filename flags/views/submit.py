"""Sending a change of who has a flag, and saying what came of it: it is made, or waits for its time or somebody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from core.errors import Refused
from core.views import attempt
from core.words import moment
from flags import actions
from flags.choices import ChangeState
from flags.models import PlannedChange


def submit(
    request: HttpRequest,
    asked: Mapping[str, Any],
    wanted: Callable[[], dict[str, Any]],
    *,
    done: str,
    template: str = "",
    context: Callable[[], dict[str, Any]] | None = None,
    refuse: Callable[[Refused], None] | None = None,
) -> HttpResponse:
    """`asked` is flag, environment and actor, `wanted` says the rest of `submit_change`. `refuse` hears of a refusal
    before `template` shows it again.
    """

    def act() -> object:
        try:
            return actions.submit_change(**asked, **wanted())
        except Refused as refused:
            if refuse:
                refuse(refused)
            raise

    def answer(made: object) -> HttpResponse:
        anchor = "#planned" if isinstance(made, PlannedChange) else ""
        return attempt(request, lambda: None, back=f"{back}{anchor}", done=became(made, done))

    back = asked["flag"].get_absolute_url()
    return attempt(request, act, back=back, template=template, context=context, answer=answer)


def became(made: object, done: str) -> str:
    """What became of it, in a sentence."""
    if not isinstance(made, PlannedChange):
        return done
    if made.state == ChangeState.WAITING:
        return "Nothing has changed yet: somebody else has to agree, and is asked to."
    return f"Nothing has changed yet: it is planned for {moment(made.due_at)}." if made.due_at else done
