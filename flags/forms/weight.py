"""A percentage."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from core.weights import FULL, typed_percent
from flags.forms.change import ChangeForm

WRONG = "Say a percentage from 0 to 100, with at most three decimals."
ERRORS = dict.fromkeys(
    ("required", "invalid", "min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits"), WRONG
)


class Percent(forms.DecimalField):
    """With a comma or a percent sign, too, as people write it."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(typed_percent(value) if isinstance(value, str) and value.strip() else value)
        except ValueError:
            raise forms.ValidationError(WRONG) from None


class WeightForm(ChangeForm):
    percent = Percent(
        min_value=0,
        max_value=100,
        decimal_places=3,
        max_digits=6,
        label="Percent of the users",
        help_text="In steps of 0.001.",
        error_messages=ERRORS,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    field_order = ["percent", "reason", "due_at"]

    @property
    def weight(self) -> int:
        """Parts per 100 000, of a valid form."""
        percent: Decimal = self.cleaned_data["percent"]
        return int(percent * FULL / 100)
