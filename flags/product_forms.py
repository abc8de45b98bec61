"""What people send about a product's flag keys."""

from datetime import timedelta
from typing import Any

from django import forms

from core.models import Environment, Product
from flags.choices import KeyKind
from flags.keys import MOST_RATE
from flags.origins import parse_origins


class KeyForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="Who will use it, as in checkout.")
    environment = forms.ModelChoiceField(Environment.objects.none(), empty_label=None)
    kind = forms.ChoiceField(
        choices=KeyKind.choices,
        help_text="A client key may be seen by anybody: it reads only flags that are meant for clients.",
    )
    origins = forms.CharField(
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For a client key in browsers: the sites that use it, as https://shop.example, one a line.",
    )
    rate = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_RATE,
        label="Requests a second",
        help_text="Answered to it by each process; more are told to wait. Empty: as set for all.",
    )

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        environment = self.fields["environment"]
        assert isinstance(environment, forms.ModelChoiceField)
        environment.queryset = product.environments.select_related("product")

    def clean_kind(self) -> KeyKind:
        return KeyKind(self.cleaned_data["kind"])

    def clean_origins(self) -> list[str]:
        try:
            return parse_origins(self.cleaned_data["origins"].replace(",", "\n").splitlines())
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from None


class ReplaceKeyForm(forms.Form):
    OVERLAPS = ((1, "1 hour"), (24, "1 day"), (24 * 7, "7 days"), (24 * 30, "30 days"))

    overlap = forms.TypedChoiceField(
        choices=OVERLAPS,
        coerce=lambda hours: timedelta(hours=int(hours)),
        initial=24,
        label="The old key opens for another",
        help_text="The new one opens at once. The old one can be revoked before, once nobody uses it.",
    )
