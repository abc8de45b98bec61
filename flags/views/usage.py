"""How often each variant was given, on the page of a flag."""

from typing import Any

from django.http import HttpRequest

from core import clock
from flags import answers
from flags.models import Flag
from flags.places import production_first


def used(request: HttpRequest, shown: Flag) -> dict[str, Any]:
    """In the environment that the address names (``?usage=staging``), else in production, else in the first one."""
    environments = production_first(shown.product)
    if not environments:
        return {}
    asked = request.GET.get("usage", "")
    where = next((one for one in environments if one.slug == asked), environments[0])
    usage = answers.usage(shown, where, clock.now())
    return {"usage": usage, "usage_elsewhere": [one for one in environments if one != where]}
