"""A percentage."""

from decimal import Decimal

from django import forms

from core.weights import FULL


class WeightForm(forms.Form):
    percent = forms.DecimalField(min_value=0, max_value=100, decimal_places=3, label="Percent of the users")

    @property
    def weight(self) -> int:
        """Parts per 100 000, of a valid form."""
        percent: Decimal = self.cleaned_data["percent"]
        return int(percent * FULL / 100)
