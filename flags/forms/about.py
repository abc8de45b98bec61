"""What is said about a flag, everywhere: when it is made, and later."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q

from core.forms import PersonChoice
from core.models import User
from core.views.reason import LONGEST_REASON
from flags.choices import FlagKind, ValueType
from flags.forms.product import ProductChoice, changeable
from flags.models import Flag


class AboutForm(forms.Form):
    name = forms.CharField(max_length=120)
    description = forms.CharField(required=False, max_length=5_000, widget=forms.Textarea(attrs={"rows": 3}))
    kind = forms.ChoiceField(choices=FlagKind.choices)
    owner = PersonChoice(User.objects.none(), required=False, empty_label="nobody")
    tags = forms.CharField(required=False, max_length=1_000, help_text="Apart by commas.")
    expected_removal = forms.DateField(
        required=False, label="Expected removal", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    for_clients = forms.BooleanField(required=False, label="May be read with a client key, by browsers and apps")

    def __init__(self, *args: Any, products: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = Q(roles__product__in=products, is_active=True, is_service=False)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        owner.queryset = User.objects.filter(here).distinct().order_by("name")

    def clean_tags(self) -> list[str]:
        return [tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()]


class DescribeForm(AboutForm):
    """To change what is said about `flag`."""

    reason = forms.CharField(
        required=False, max_length=LONGEST_REASON, label="Why", help_text="Stands in its history, beside what changed."
    )

    def __init__(self, data: Any, *, flag: Flag) -> None:
        super().__init__(data, products=[flag.product_id], initial=said_of(flag))
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        if flag.owner_id and not owner.queryset.filter(pk=flag.owner_id).exists():  # type: ignore[union-attr]
            owner.queryset = User.objects.filter(Q(pk=flag.owner_id) | Q(pk__in=owner.queryset)).order_by("name")


class NewFlagForm(AboutForm):
    product = ProductChoice()
    key = forms.SlugField(max_length=100, help_text="As code asks for it: search-typo. It cannot be changed later.")
    type = forms.ChoiceField(choices=ValueType.choices, required=False, help_text="It cannot be changed later.")
    field_order = ["product", "key", "name", "description", "type"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        mine = changeable(user)
        super().__init__(*args, products=mine, **kwargs)
        product, owner = self.fields["product"], self.fields["owner"]
        assert isinstance(product, ProductChoice) and isinstance(owner, forms.ModelChoiceField)
        product.offer(mine)
        owner.empty_label = "me"

    def clean_type(self) -> ValueType:
        return ValueType(self.cleaned_data["type"] or ValueType.BOOLEAN)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        owner, product = said.get("owner"), said.get("product")
        if owner and product and not owner.has_role(product):
            self.add_error("owner", f"{owner} has no role in {product}.")
        return said


def said_of(flag: Flag) -> dict[str, Any]:
    """What the form begins with."""
    return {
        "name": flag.name,
        "description": flag.description,
        "kind": flag.kind,
        "owner": flag.owner_id,
        "tags": ", ".join(flag.tags),
        "expected_removal": flag.expected_removal,
        "for_clients": flag.for_clients,
    }
