"""What every page of a flag begins with: loading it is the permission check."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from core.access import signed_in
from core.models import Environment
from flags.models import Flag

MEMBERS = "members of the product"
CHANGERS = "release managers, engineers and owners of the product"


def visible(request: HttpRequest, product: str, key: str) -> Flag:
    """The flag, with its product, owner and states."""
    mine = Flag.objects.visible_to(signed_in(request)).select_related("product", "owner")
    mine = mine.prefetch_related("states__environment")
    return get_object_or_404(mine, product__slug=product, key=key)


def there(request: HttpRequest, product: str, key: str, environment: str) -> dict[str, Any]:
    """The flag, its environment and who asks, as every action wants them."""
    shown = visible(request, product, key)
    where = get_object_or_404(Environment, product=shown.product, slug=environment)
    return {"flag": shown, "environment": where, "actor": signed_in(request)}
