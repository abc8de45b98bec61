"""What a person may add to a press, on any page: a reason, in a sentence."""

from django import forms
from django.http import HttpRequest

from core.errors import Refused

LONGEST_REASON = 300


class ReasonForm(forms.Form):
    """The reason is kept apart from the record, so that it can be erased."""

    reason = forms.CharField(required=False, max_length=LONGEST_REASON, strip=True)


def reason_of(request: HttpRequest) -> str:
    """The posted reason, empty if none was given. Raises Refused naming the field if it cannot be one."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise Refused(f"A reason has at most {LONGEST_REASON} characters, all of them readable.", field="reason")
    return str(form.cleaned_data["reason"])
