"""What every page of a flag begins with: loading it is the permission check."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from core.access import require, signed_in
from core.errors import Forbidden
from core.models import Environment
from core.views import attempt
from flags.actions import MAY_CHANGE
from flags.forms.product import changeable
from flags.models import Flag

MEMBERS = "members of the product"
NEVER = -1
CHANGERS = "release managers, engineers and owners of the product"


def visible(request: HttpRequest, product: str, key: str) -> Flag:
    """The flag, with its product, owner and states."""
    mine = Flag.objects.visible_to(signed_in(request)).select_related("product", "owner")
    mine = mine.prefetch_related("states__environment")
    return get_object_or_404(mine, product__slug=product, key=key)


def there(request: HttpRequest, product: str, key: str, environment: str) -> dict[str, Any]:
    """The flag, its environment and who asks, as every action wants them."""
    shown = visible(request, product, key)
    where = get_object_or_404(Environment.objects.select_related("product"), product=shown.product, slug=environment)
    return {"flag": shown, "environment": where, "actor": signed_in(request)}


def turned_away(request: HttpRequest, flag: Flag) -> HttpResponse | None:
    """The answer to who may see the flag and not change it; None for who may."""
    if signed_in(request).has_role(flag.product, *MAY_CHANGE):
        return None
    return attempt(
        request, lambda: require(signed_in(request), flag.product, *MAY_CHANGE), back=flag.get_absolute_url()
    )


def may_make(request: HttpRequest) -> bool:
    """Whether there is a product in which they may make flags and segments."""
    return changeable(signed_in(request)).exists()


def turned_back(request: HttpRequest, back: str) -> HttpResponse | None:
    """The answer to who may make nothing in any product; None for everybody else."""
    if may_make(request):
        return None

    def refuse() -> None:
        raise Forbidden(f"Only {CHANGERS.replace('the product', 'a product')} may do this.")

    return attempt(request, refuse, back=back)


def read_version(said: str) -> int | None:
    """The version or edition that a form was read on; None where it does not say. What is none was never there, so
    whoever sends it comes second to whatever is.
    """
    read = number(said)
    return NEVER if said and read is None else read


def number(said: str) -> int | None:
    """What a form or an address says of a version, a page or a row; None where it says no number."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else None
