"""What a tester sends."""

from django import forms

from validation.choices import FindingVerb, ResultStatus, Severity


class ResultForm(forms.Form):
    status = forms.ChoiceField(choices=ResultStatus.choices)
    note = forms.CharField(max_length=4000, required=False)
    finding = forms.CharField(max_length=160, required=False)
    severity = forms.ChoiceField(choices=Severity.choices, required=False)


class StartForm(forms.Form):
    environment = forms.IntegerField(min_value=1)


class MoveForm(forms.Form):
    verb = forms.ChoiceField(choices=FindingVerb.choices)
