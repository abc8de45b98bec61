"""A segment, beside its condition (`flags/forms/conditions.py`)."""

from typing import Any

from django import forms

from core.models import User
from core.views.reason import LONGEST_REASON
from flags.forms.product import ProductChoice, changeable


class SegmentForm(forms.Form):
    name = forms.CharField(max_length=120, help_text="As people call them: Beta testers.")
    description = forms.CharField(required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}))


class ChangeSegmentForm(SegmentForm):
    """`edition` is the one that was read, as it `was`: whoever comes second is told what became of it, and loses
    nothing.
    """

    edition = forms.IntegerField(min_value=1, max_value=2_147_483_647, widget=forms.HiddenInput)
    was = forms.CharField(required=False, max_length=200_000, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=LONGEST_REASON,
        help_text="Stands in the record, for whoever asks later.",
    )


class NewSegmentForm(SegmentForm):
    product = ProductChoice()
    key = forms.SlugField(max_length=60, help_text="By which rules name it: beta-testers. It cannot be changed later.")
    field_order = ["product", "key", "name", "description"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        product = self.fields["product"]
        assert isinstance(product, ProductChoice)
        product.offer(changeable(user))
