"""What can be pressed at the end of a flag's life, on its own page and on the backlog."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from core.access import signed_in, who_may
from core.errors import Refused
from core.models import User
from core.views import attempt, reason_of
from flags import actions
from flags.models import Flag
from flags.views.reach import CHANGERS, number, visible


@who_may(CHANGERS)
@require_POST
def ask(request: HttpRequest, product: str, key: str) -> HttpResponse:
    flag = visible(request, product, key)
    return attempt(
        request,
        lambda: actions.ask_clean_up(flag=flag, actor=signed_in(request), owner=_chosen(request, flag)),
        back=_back(request, flag),
        done=f"It is asked for: {key} is on their Today.",
    )


@who_may("whoever is asked, and " + CHANGERS)
@require_POST
def close(request: HttpRequest, product: str, key: str) -> HttpResponse:
    flag = visible(request, product, key)
    return attempt(
        request,
        lambda: actions.close_clean_up(flag=flag, actor=signed_in(request)),
        back=_back(request, flag),
        done=f"Nobody is asked to clean up {key} any more.",
    )


@who_may(CHANGERS)
@require_POST
def archive(request: HttpRequest, product: str, key: str) -> HttpResponse:
    flag = visible(request, product, key)
    return attempt(
        request,
        lambda: actions.archive_flag(flag=flag, actor=signed_in(request), reason=reason_of(request)),
        back=_back(request, flag),
        done=f"{key} is archived; it can come back for {actions.UNDO.days} days.",
    )


@who_may(CHANGERS)
@require_POST
def unarchive(request: HttpRequest, product: str, key: str) -> HttpResponse:
    flag = visible(request, product, key)
    return attempt(
        request,
        lambda: actions.unarchive_flag(flag=flag, actor=signed_in(request)),
        back=flag.get_absolute_url(),
        done=f"{key} answers again as before.",
    )


def _back(request: HttpRequest, flag: Flag) -> str:
    """To the page it was pressed on."""
    return flag.get_absolute_url() if request.POST.get("from") == "flag" else reverse("flag-backlog")


def _chosen(request: HttpRequest, flag: Flag) -> User | None:
    """Whom the form names; nobody is the flag's owner. Raises Refused for who is not of the product."""
    asked = request.POST.get("owner", "")
    if not asked:
        return None
    people = User.objects.filter(roles__product=flag.product).distinct()
    found = people.filter(pk=number(asked) or 0).first()
    if found is None:
        raise Refused("Choose somebody who has a role in the product.", field="owner")
    return found
