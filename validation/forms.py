"""What a tester sends, and whoever writes scenarios."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from core.choices import RoleKind
from core.errors import Refused
from core.models import User
from releases.models import Feature, Release
from validation.actions.writing import MOST_MINUTES
from validation.choices import FindingVerb, ResultStatus, Severity
from validation.models import Scenario

ARROW = re.compile(r"\s*(?:→|->|=>)\s*")
NUMBERING = re.compile(r"^\s*\d{1,2}[.)]\s+")


class StartForm(forms.Form):
    environment = forms.IntegerField(min_value=1, max_value=2**63 - 1)


class ResultForm(forms.Form):
    """`version` is the wording that was on the screen."""

    version = forms.IntegerField(min_value=1, max_value=32_767)
    status = forms.ChoiceField(choices=ResultStatus.choices)
    note = forms.CharField(max_length=4000, required=False)


class StepForm(forms.Form):
    """`onward` instead of `status` also submits the scenario's result, which follows from its steps."""

    step = forms.IntegerField(min_value=1, max_value=1000)
    version = forms.IntegerField(min_value=1, max_value=32_767)
    status = forms.ChoiceField(choices=ResultStatus.choices, required=False)
    onward = forms.ChoiceField(choices=ResultStatus.choices, required=False)
    note = forms.CharField(max_length=4000, required=False)


class FindingForm(forms.Form):
    title = forms.CharField(max_length=160)
    severity = forms.ChoiceField(choices=Severity.choices)
    scenario = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    step = forms.IntegerField(min_value=1, max_value=1000, required=False)


class MoveForm(forms.Form):
    verb = forms.ChoiceField(choices=FindingVerb.choices)


class ScenarioForm(forms.Form):
    title = forms.CharField(max_length=160, help_text="What works, as a user would say it.")
    story = forms.CharField(
        max_length=240, required=False, label="Who one is, and what one wants", help_text="As a shopper on a phone, I …"
    )
    feature = forms.ModelChoiceField(Feature.objects.none(), required=False, empty_label="Across features")
    steps = forms.CharField(
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 11}),
        help_text="One step on each line: what to do → what to expect. A hyphen and a “>” make the arrow.",
    )
    minutes = forms.IntegerField(min_value=1, max_value=MOST_MINUTES, required=False, label="About how many minutes")
    tester = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Every tester")

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        feature, tester = self.fields["feature"], self.fields["tester"]
        assert isinstance(feature, forms.ModelChoiceField) and isinstance(tester, forms.ModelChoiceField)
        feature.queryset = release.features.all()
        testers = User.objects.filter(is_active=True, roles__product=release.product_id, roles__kind=RoleKind.TESTER)
        tester.queryset = testers.order_by("name")

    def clean_steps(self) -> list[dict[str, str]]:
        return steps_of(self.cleaned_data["steps"])


def steps_of(text: str) -> list[dict[str, str]]:
    """``Type jaket → Jackets`` on each line, as steps. A number in front and empty lines are left out."""
    steps = []
    for line in text.splitlines():
        do, *expect = ARROW.split(NUMBERING.sub("", line).strip(), maxsplit=1)
        if do or expect:
            steps.append({"do": do.strip(), "expect": "".join(expect).strip()})
    return steps


def lines_of(steps: Sequence[Mapping[str, str]]) -> str:
    """The steps as they are written."""
    return "\n".join(f"{step['do']} → {step['expect']}" if step.get("expect") else step["do"] for step in steps)


def initial_of(scenario: Scenario) -> dict[str, Any]:
    """What the form of a written scenario holds."""
    fields = ("title", "story", "feature", "minutes", "tester")
    return {**{name: getattr(scenario, name) for name in fields}, "steps": lines_of(scenario.steps)}


def cleaned(form: forms.Form) -> dict[str, Any]:
    """The form's values. Raises Refused naming the first field that is wrong."""
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise Refused(str(problems[0]), field=field)
    return form.cleaned_data
