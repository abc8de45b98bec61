"""What every change of who has a flag may say beside itself: why, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone

from core.errors import Refused
from core.forms import WallTime
from core.views.reason import LONGEST_REASON


class ReasonForm(forms.Form):
    """Kept apart from the record, so that it can be erased."""

    reason = forms.CharField(
        required=False,
        max_length=LONGEST_REASON,
        label="Why",
        help_text="Stands in its history, and in mails about it.",
    )

    def refuse(self, refused: Refused) -> None:
        """What an action refused stands under the field it is about, if it is one of these."""
        if refused.field in self.fields:
            self.add_error(refused.field, refused.sentence)


class ChangeForm(ReasonForm):
    """`due_at` is a wall's time in the reader's zone; what comes out knows its zone. Empty: now."""

    due_at = WallTime(required=False, label="When")
    field_order: list[str] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_at"].help_text = f"Empty: now. A time is in your zone, {timezone.get_current_timezone_name()}."

    def clean_due_at(self) -> datetime | None:
        wall: datetime | None = self.cleaned_data["due_at"]
        try:
            return timezone.make_aware(wall).astimezone(UTC) if wall else None
        except OverflowError:
            raise forms.ValidationError("That is out of all time.") from None

    @property
    def said(self) -> dict[str, Any]:
        """For `submit_change`, of a valid form."""
        return {"reason": self.cleaned_data["reason"], "due_at": self.cleaned_data["due_at"]}
