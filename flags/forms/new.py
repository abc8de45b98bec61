"""A new flag."""

from typing import Any

from django import forms

from core.models import Product, User
from flags.actions import MAY_CHANGE
from flags.choices import FlagKind


class NewFlagForm(forms.Form):
    product = forms.ModelChoiceField(Product.objects.none(), empty_label=None)
    key = forms.SlugField(max_length=100, help_text="As code asks for it: search-typo. It cannot be changed later.")
    name = forms.CharField(max_length=120)
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    kind = forms.ChoiceField(choices=FlagKind.choices)
    expected_removal = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    for_clients = forms.BooleanField(required=False, label="May be read with a client key")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        products = Product.objects.filter(roles__user=user, roles__kind__in=MAY_CHANGE).distinct()
        self.fields["product"].queryset = products  # type: ignore[attr-defined]
