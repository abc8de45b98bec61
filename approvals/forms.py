"""What signers and ticking teams send."""

from typing import Any

from django import forms

from approvals.choices import Verdict
from core.models import Team, User
from releases.choices import CheckKind
from releases.models import Release


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


class ItemForm(forms.Form):
    """One thing to confirm, by a team or by a check of CI."""

    text = forms.CharField(max_length=200, label="What is to be confirmed")
    team = forms.ModelChoiceField(
        Team.objects.none(), empty_label="Choose a team", help_text="Who ticks it, or answers for the check."
    )
    check_kind = forms.ChoiceField(
        choices=[("", "by hand, with evidence"), *CheckKind.choices], required=False, label="Ticked"
    )

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)
        team.queryset = release.product.teams.all()


class DelegateForm(forms.Form):
    """To whom, of the product's people: others have no name here. Who of them it may be is decided by the action."""

    to = forms.ModelChoiceField(User.objects.none(), error_messages={"required": "Choose a person."})

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        to = self.fields["to"]
        assert isinstance(to, forms.ModelChoiceField)
        to.queryset = User.objects.filter(
            roles__product=release.product_id, is_active=True, is_service=False
        ).distinct()


class RemarkForm(forms.Form):
    text = forms.CharField(max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
