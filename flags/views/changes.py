"""What can be pressed on a flag's page with one click."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from core.access import who_may
from core.views import attempt, reason_of
from flags import actions
from flags.views.reach import CHANGERS, there
from flags.views.submit import submit


@who_may(CHANGERS)
@require_POST
def flag_kill(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    """At once, whoever claimed it, without a question."""
    asked = there(request, product, key, environment)
    return attempt(
        request,
        lambda: actions.kill(**asked, reason=reason_of(request)),
        back=asked["flag"].get_absolute_url(),
        done=f"{key} is off for everybody in {asked['environment'].name.lower()}.",
    )


@who_may(CHANGERS)
@require_POST
def flag_enable(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    asked = there(request, product, key, environment)
    done = f"{key} decides again in {asked['environment'].name.lower()}."
    wanted = {"changes": {"enabled": True}, "action": "flag_enabled"}
    return submit(request, asked, lambda: {**wanted, "reason": reason_of(request)}, done=done)


@who_may(CHANGERS)
@require_POST
def flag_open(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    """No longer withheld, though no rollout gives it."""
    asked = there(request, product, key, environment)
    done = f"The pins and rules of {key} decide again in {asked['environment'].name.lower()}."
    wanted = {"changes": {"withheld": False}, "action": "flag_opened"}
    return submit(request, asked, lambda: {**wanted, "reason": reason_of(request)}, done=done)
