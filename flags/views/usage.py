"""How often each variant was given, on the page of a flag."""

from typing import Any

from django.http import HttpRequest

from core import clock
from flags import answers
from flags.models import Flag


def used(request: HttpRequest, shown: Flag) -> dict[str, Any]:
    """In the environment that the address names (``?usage=staging``), else in production, else in the first one."""
    environments = sorted(shown.product.environments.all(), key=lambda one: not one.is_production)
    if not environments:
        return {}
    asked = request.GET.get("usage", "")
    where = next((one for one in environments if one.slug == asked), environments[0])
    usage = answers.usage(shown, where, clock.now())
    return {"usage": usage, "usage_elsewhere": [one for one in environments if one != where]}
