"""Which product a person looks at: chosen in the side bar, kept in their session, and never a permission.

A choice only narrows what `visible_to` allows already. It is looked up among the visible products at each request, so
that a role taken away shows all products again, not a page without rows.
"""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from core.models import Product, User

_CHOICE = "product"
_KNOWN = "_products"

Row = TypeVar("Row", bound=Model)


def products(request: HttpRequest) -> list[Product]:
    """What the switch offers: one query per request, however often it is asked."""
    if not hasattr(request, _KNOWN):
        visible = list(Product.objects.visible_to(request.user)) if isinstance(request.user, User) else []
        setattr(request, _KNOWN, visible)
    known: list[Product] = getattr(request, _KNOWN)
    return known


def chosen(request: HttpRequest) -> Product | None:
    """The one product to show; None is all of them."""
    slug = request.session.get(_CHOICE)
    return next((one for one in products(request) if one.slug == slug), None) if slug else None


def choose(request: HttpRequest, product: Product | None) -> None:
    """Remember `product` until the person chooses again or signs out; None forgets."""
    if product is None:
        request.session.pop(_CHOICE, None)
    else:
        request.session[_CHOICE] = product.slug


def narrow(request: HttpRequest, rows: QuerySet[Row], field: str = "product") -> QuerySet[Row]:
    """`rows` of the chosen product alone, whose primary key stands in `field`. All of them where none is chosen.

    A `field` that can match several times (``candidates__product``) leaves the `distinct()` to the caller.
    """
    product = chosen(request)
    return rows if product is None else rows.filter(**{field: product.pk})
