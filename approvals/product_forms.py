"""The sign-off policy as a form: one row per stage, two more to fill. A row without a name is left out."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from approvals.actions import StageSpec
from approvals.actions.policies import part_names
from approvals.models import Stage
from core.models import Product

MOST_ROWS = 12
BLANK_ROWS = 2
PARTS = ("name", "team", "turn", "quorum", "due_hours", "covers")


def in_words(part: str) -> str:
    """A part of the seal, as the form and the policy name it."""
    return part.replace("_", " ")


def _number(label: str, initial: int, most: int) -> forms.IntegerField:
    return forms.IntegerField(required=False, min_value=1, max_value=most, initial=initial, label=label)


class PolicyForm(forms.Form):
    """Fields are called as the action names what it refuses: ``stages.0.quorum``. `version` is what its author read."""

    version = forms.IntegerField(min_value=0, max_value=1_000_000, widget=forms.HiddenInput)
    rows = forms.IntegerField(min_value=1, max_value=MOST_ROWS, widget=forms.HiddenInput)

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = product.teams.all()
        for number in range(self._count()):
            for part, made in self._row().items():
                self.fields[f"stages.{number}.{part}"] = made

    @classmethod
    def of(cls, product: Product, version: int, stages: Sequence[Stage]) -> "PolicyForm":
        """Filled with what stands now."""
        given: dict[str, Any] = {"version": version, "rows": min(len(stages) + BLANK_ROWS, MOST_ROWS)}
        for number, stage in enumerate(stages):
            row = [stage.name, stage.team, stage.order + 1, stage.quorum, stage.due_hours, stage.covers]
            given |= {f"stages.{number}.{part}": value for part, value in zip(PARTS, row, strict=True)}
        return cls(initial=given, product=product)

    def _count(self) -> int:
        given = self.data.get("rows") if self.is_bound else self.initial.get("rows")
        try:
            return max(1, min(int(given or 0), MOST_ROWS))
        except (TypeError, ValueError):
            return 1

    def _row(self) -> dict[str, forms.Field]:
        return {
            "name": forms.CharField(max_length=60, required=False, label="Stage"),
            "team": forms.ModelChoiceField(self.teams, required=False, empty_label="choose", label="Who signs"),
            "turn": _number("Turn", 1, MOST_ROWS),
            "quorum": _number("Signatures", 1, 100),
            "due_hours": _number("Within hours", 48, 8760),
            "covers": forms.MultipleChoiceField(
                choices=[(name, in_words(name)) for name in part_names()],
                required=False,
                label="Covers",
                widget=forms.CheckboxSelectMultiple,
            ),
        }

    def stages(self) -> list[dict[str, forms.BoundField]]:
        """The rows to draw."""
        return [{part: self[f"stages.{number}.{part}"] for part in PARTS} for number in range(self._count())]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        named = [number for number in range(self._count()) if data.get(f"stages.{number}.name")]
        self.places = named
        stages = [self._spec(number) for number in named]
        return {"based_on": data.get("version"), "stages": [stage for stage in stages if stage]}

    def _spec(self, number: int) -> StageSpec | None:
        row: dict[str, Any] = {part: self.cleaned_data.get(f"stages.{number}.{part}") for part in PARTS}
        if row["team"] is None:
            if f"stages.{number}.team" not in self.errors:
                self.add_error(f"stages.{number}.team", "Say which team signs.")
            return None
        return StageSpec(
            name=row["name"],
            team=row["team"],
            order=(row["turn"] or 1) - 1,
            quorum=row["quorum"] or 1,
            due_hours=row["due_hours"] or 48,
            covers=row["covers"] or [],
        )

    def field_of(self, refused: str) -> str:
        """The form's field that the action means: rows without a name are none of its stages."""
        first, _, rest = refused.removeprefix("stages.").partition(".")
        return f"stages.{self.places[int(first)]}.{rest}" if rest else refused

    def read(self, version: int) -> None:
        """Sent again, it replaces `version`: its author has seen that now."""
        assert isinstance(self.data, QueryDict)
        sent = self.data.copy()
        sent["version"] = str(version)
        self.data = sent
