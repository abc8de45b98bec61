"""What owners decide about the flags of each environment, on their product's page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from core.access import who_may
from core.errors import Refused
from core.views.products import load, submit
from flags import actions

CHOICES = {"yes": True, "no": False}


@who_may("owners of the product")
@require_POST
def second_person(request: HttpRequest, slug: str, environment: str) -> HttpResponse:
    product = load(request, slug)
    where = get_object_or_404(product.environments.select_related("product"), slug=environment)
    wanted = CHOICES.get(request.POST.get("wanted", ""))

    def decide(data: dict[str, Any]) -> None:
        if wanted is None:
            raise Refused("Say whether a second person is wanted: yes or no.", field="wanted")
        actions.want_second_person(environment=where, wanted=wanted, **data)

    done = (
        f"In {where.name.lower()} somebody else agrees before a flag's change gives it to anybody."
        if wanted
        else f"In {where.name.lower()} one person changes flags."
    )
    return submit(request, product, "flag-changes", decide, done=done)
