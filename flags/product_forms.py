"""What people send about a product's flag keys."""

from typing import Any

from django import forms

from core.models import Environment, Product
from flags.choices import KeyKind


class KeyForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="Who will use it, as in checkout.")
    environment = forms.ModelChoiceField(Environment.objects.none(), empty_label=None)
    kind = forms.ChoiceField(
        choices=KeyKind.choices,
        help_text="A client key may be seen by anybody: it reads only flags that are meant for clients.",
    )

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        environment = self.fields["environment"]
        assert isinstance(environment, forms.ModelChoiceField)
        environment.queryset = product.environments.select_related("product")

    def clean_kind(self) -> KeyKind:
        return KeyKind(self.cleaned_data["kind"])
