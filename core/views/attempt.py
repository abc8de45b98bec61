"""Running an action for a request, and saying what came of it: with and without htmx, in 2xx and in 4xx."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from psycopg import errors

from core.errors import Conflict, Refused
from core.views.errors import note

Context = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


def attempt(
    request: HttpRequest,
    action: Callable[[], Any],
    *,
    back: str | Callable[[Any], str],
    done: str = "",
    template: str = "",
    context: Context | None = None,
    answer: Callable[[Any], HttpResponse] | None = None,
) -> HttpResponse:
    """Run `action()` and answer.

    Done: 303 to `back` (may be computed from the action's result, None when it was refused) with the message `done`;
    for htmx the `template` with its `context` (a function is asked after the action), or a redirect where no template
    is given. With `answer` that function of the result answers instead: for what is shown this once.
    Refused, Forbidden, Conflict: 422, 403, 409. With a template, it is rendered again with `refused` (the exception) in
    its context; otherwise htmx gets a note above the page, everybody else a page with the sentence and the way back.
    """
    htmx = bool(getattr(request, "htmx", False))
    try:
        result = action()
    except Refused as refused:
        return _said_no(request, refused, back, template, context, htmx)
    except OperationalError as error:
        if not isinstance(error.__cause__, errors.LockNotAvailable | errors.DeadlockDetected):
            raise
        busy = Conflict("Somebody else is changing this at this moment. Nothing was done; try again.")
        return _said_no(request, busy, back, template, context, htmx)
    if answer:
        return answer(result)
    if htmx and template:
        return render(request, template, _asked(context))
    if done:
        messages.success(request, done)
    target = back(result) if callable(back) else back
    if htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target, status=303)


def _said_no(
    request: HttpRequest,
    refused: Refused,
    back: str | Callable[[Any], str],
    template: str,
    context: Context | None,
    htmx: bool,
) -> HttpResponse:
    if template:
        return render(request, template, {**_asked(context), "refused": refused}, status=refused.status)
    if htmx:
        return note(refused.status, title="Not done.", text=refused.sentence)
    where = back if isinstance(back, str) else back(None)
    return render(request, "core/refused.html", {"refused": refused, "back": where}, status=refused.status)


def _asked(context: Context | None) -> dict[str, Any]:
    return dict(context() if callable(context) else context or {})
