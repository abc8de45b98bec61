"""In which product something new is made. It stays there, so nothing is chosen beforehand where there is a choice."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from core.models import Product, User
from flags.actions import MAY_CHANGE


def changeable(user: User) -> QuerySet[Product]:
    """The products whose flags and segments `user` may change."""
    return Product.objects.filter(roles__user=user, roles__kind__in=MAY_CHANGE).distinct()


class ProductChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    """A form begins with the product that is looked at, if it is among those that are offered."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Product.objects.none(), empty_label="Choose a product", **kwargs)

    def offer(self, products: QuerySet[Product]) -> None:
        """Where there is one alone it is that one."""
        self.queryset = products
        if len(products) == 1:
            self.empty_label = None
