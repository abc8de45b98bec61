"""What people send about a product's slots and freezes."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from core.forms import WallTime, zones
from core.models import Environment, Product
from releases.rules.calendar import on_the_wall

ANSWERS = "Asked every 5 s; it answers JSON with the digest of what runs. Without an address it is not asked."


class SlotForm(forms.Form):
    environment = forms.ModelChoiceField(Environment.objects.none(), empty_label=None)
    name = forms.SlugField(max_length=40, help_text="As in blue or green.")
    version_url = forms.URLField(
        required=False, assume_scheme="https", label="Where it says its version", help_text=ANSWERS
    )

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        environment = self.fields["environment"]
        assert isinstance(environment, forms.ModelChoiceField)
        environment.queryset = product.environments.select_related("product")


class VersionUrlForm(forms.Form):
    version_url = forms.URLField(
        required=False, assume_scheme="https", label="Where it says its version", help_text=ANSWERS
    )


class FreezeForm(forms.Form):
    """Local wall time and its zone; what comes out knows its zone."""

    reason = forms.CharField(max_length=200, help_text="Everybody who waits reads it.")
    starts_at = WallTime(label="From")
    ends_at = WallTime(label="Until")
    zone = forms.ChoiceField(choices=zones, label="Time zone")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        zone = data.pop("zone", None)
        for name in ("starts_at", "ends_at"):
            if zone and data.get(name):
                try:
                    data[name] = on_the_wall(data[name], ZoneInfo(zone))
                except OverflowError:
                    self.add_error(name, "That is out of all time.")
        return data
