"""What can be pressed on a flag's page."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from core.access import who_may
from core.errors import Refused
from core.views import attempt, reason_of
from flags import actions
from flags.forms.weight import WeightForm
from flags.views.reach import CHANGERS, there


@who_may(CHANGERS)
@require_POST
def flag_kill(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    asked = there(request, product, key, environment)
    done = f"{key} is off for everybody in {asked['environment'].name}."
    return attempt(
        request,
        lambda: actions.kill(**asked, reason=reason_of(request)),
        back=asked["flag"].get_absolute_url(),
        done=done,
    )


@who_may(CHANGERS)
@require_POST
def flag_enable(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    asked = there(request, product, key, environment)
    done = f"{key} decides again in {asked['environment'].name}."
    return attempt(request, lambda: actions.enable(**asked), back=asked["flag"].get_absolute_url(), done=done)


@who_may(CHANGERS)
@require_POST
def flag_weight(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    asked = there(request, product, key, environment)
    form = WeightForm(request.POST)

    def change() -> object:
        if not form.is_valid():
            raise Refused("Say a percentage from 0 to 100, with at most three decimals.", field="percent")
        return actions.set_weight(**asked, weight=form.weight)

    done = f"{key} is set in {asked['environment'].name}."
    return attempt(request, change, back=asked["flag"].get_absolute_url(), done=done)
