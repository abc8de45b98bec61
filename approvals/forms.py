"""What signers and ticking teams send."""

from django import forms

from approvals.choices import Verdict
from core.models import User


class DecisionForm(forms.Form):
    """Nothing is chosen beforehand. The seal is what the page showed."""

    verdict = forms.ChoiceField(
        choices=[
            (Verdict.APPROVE.value, "Approve"),
            (Verdict.CONDITION.value, "Approve with a condition"),
            (Verdict.REFUSE.value, "Refuse"),
        ],
        widget=forms.RadioSelect,
        required=False,
    )
    reason = forms.CharField(max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    seal = forms.CharField(max_length=64, widget=forms.HiddenInput, required=False)


class RevokeForm(forms.Form):
    reason = forms.CharField(
        label="Why you take it back", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class TickForm(forms.Form):
    done = forms.BooleanField(required=False)
    evidence = forms.CharField(max_length=2000, required=False)


class DelegateForm(forms.Form):
    """To whom; who that may be is decided by the action."""

    to = forms.ModelChoiceField(
        queryset=User.objects.filter(is_active=True, is_service=False), error_messages={"required": "Choose a person."}
    )


class RemarkForm(forms.Form):
    text = forms.CharField(max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
