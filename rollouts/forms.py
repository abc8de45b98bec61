"""The rollout plan as people write it: steps, what carries them, what watches them. A row without its first field is
left out; what belongs together is checked by the action and the plan's gate.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms

from core.models import Environment, Team
from core.weights import FULL, as_percent
from core.words import span
from releases.models import Release, Slot
from rollouts import metrics, routers
from rollouts.actions import KpiSpec, StepSpec, TargetSpec
from rollouts.choices import BadAnswer, OnBreach, Role
from rollouts.models import Kpi, Plan

UNITS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
LONGEST = timedelta(days=365)


class LengthField(forms.Field):
    """A duration in words, as it is shown: ``2 h``, ``1 h 30 min``. Cleans to seconds."""

    default_error_messages = {"length": "Say how long with a unit: 30 min, 2 h, 1 d."}

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").replace("\u00a0", " ").strip().lower()
        if not text:
            return None
        if not re.fullmatch(r"(\d{1,7} ?(d|h|min|s) ?)+", text):
            raise forms.ValidationError(self.error_messages["length"])
        seconds = sum(int(count) * UNITS[unit] for count, unit in re.findall(r"(\d+) ?(d|h|min|s)", text))
        if seconds > LONGEST.total_seconds():
            raise forms.ValidationError(f"At most {LONGEST.days} days.")
        return seconds

    def prepare_value(self, value: Any) -> Any:
        return span(timedelta(seconds=value)) if isinstance(value, int) else value


class PlaceField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """An environment or a slot by its own name: which product it is of, the page says."""

    def label_from_instance(self, obj: Any) -> str:
        product = str(obj.product) if isinstance(obj, Environment) else str(obj.environment)
        return str(obj) if self.whole_names else str(obj).removeprefix(f"{product} ")

    whole_names = False


class PlanForm(forms.Form):
    """Where it goes, between which slots, and how long the old version is kept warm at the end."""

    environment = PlaceField(Environment.objects.none(), empty_label=None)
    slot = PlaceField(Slot.objects.none(), required=False, label="New version runs in", empty_label="no slot")
    stable_slot = PlaceField(Slot.objects.none(), required=False, label="Old version stays in", empty_label="no slot")
    watch = LengthField(label="Watch after 100 %", initial=3600, help_text="The old version is kept warm.")

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        covered = release.candidates.values("product")
        places = Environment.objects.filter(product__in=covered).select_related("product")
        slots = Slot.objects.filter(environment__in=places).select_related("environment__product")
        self.fields["environment"].queryset = places.order_by("-is_production", "pk")  # type: ignore[attr-defined]
        for name in ("slot", "stable_slot"):
            self.fields[name].queryset = slots  # type: ignore[attr-defined]
        for name in ("environment", "slot", "stable_slot"):
            self.fields[name].whole_names = len(set(covered.values_list("product", flat=True))) > 1  # type: ignore[attr-defined]


class RowForm(forms.Form):
    """One row of several. Without its `names` field it is no row, whatever else stands in it."""

    names = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.empty_permitted = True

    def has_changed(self) -> bool:
        return bool(self.data.get(self.add_prefix(self.names), "").strip())


class RouteForm(RowForm):
    """One route that carries the percentage. Without any the release's flags do."""

    names = "router"
    router = forms.ChoiceField(required=False)
    key = forms.CharField(max_length=120, label="Route")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        carriers = [alias for alias in routers.aliases() if alias != "flag"]
        self.fields["router"].choices = [("", "none"), *((one, one) for one in carriers)]  # type: ignore[attr-defined]


class StepForm(RowForm):
    """One step of the growth."""

    names = "percent"
    percent = forms.DecimalField(
        min_value=Decimal("0.001"), max_value=100, decimal_places=3, label="Exposure in %", localize=False
    )
    bake = LengthField(label="Bakes for")
    min_users = forms.IntegerField(min_value=0, max_value=2_000_000_000, initial=1, label="Users at least")
    go_team = forms.ModelChoiceField(Team.objects.none(), required=False, label="Go by", empty_label="nobody")

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["go_team"].queryset = Team.objects.filter(product=release.product_id)  # type: ignore[attr-defined]

    @property
    def spec(self) -> StepSpec:
        said = self.cleaned_data
        weight = int(said["percent"] * FULL / 100)
        return StepSpec(weight=weight, bake_seconds=said["bake"], min_users=said["min_users"], go_team=said["go_team"])


class KpiForm(RowForm):
    """One number that watches it, and what happens if it turns bad."""

    names = "name"
    name = forms.CharField(max_length=80)
    source = forms.ChoiceField(label="Read from")
    bad = forms.ChoiceField(choices=BadAnswer.choices, label="Counts as bad")
    bound = forms.IntegerField(min_value=1, max_value=1_000_000, initial=500, label="Bound")
    canary = forms.CharField(max_length=80, label="New side")
    stable = forms.CharField(max_length=80, label="Old side")
    compare = forms.BooleanField(required=False, initial=True, label="Compared with it")
    limit = forms.DecimalField(required=False, min_value=0, max_value=100, decimal_places=4, label="Limit in %")
    breach = LengthField(label="Beyond it for", initial=30)
    on_breach = forms.ChoiceField(choices=OnBreach.choices, label="Then")

    def __init__(self, *args: Any, kept: Mapping[str, Kpi], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = kept
        self.fields["source"].choices = [(one, one) for one in metrics.aliases()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not said.get("compare") and said.get("limit") is None and "limit" in said:
            self.add_error("limit", "Give a limit or compare it: nothing would judge this KPI.")
        return said

    @property
    def spec(self) -> KpiSpec:
        """What is written here over what the plan says of a KPI of that name, whose finer points stay."""
        said, old = self.cleaned_data, self.kept.get(self.cleaned_data["name"])
        slow = said["bad"] == BadAnswer.SLOW
        query = {**(old.query if old else {}), "canary": said["canary"], "stable": said["stable"]}
        query |= {"bad_status": 0, "slow_ms": said["bound"]} if slow else {"bad_status": said["bound"]}
        if query.get("slow_ms") and not slow:
            del query["slow_ms"]
        finer = ("unit", "less_is_bad", "tolerance_ppm", "warm_up_seconds", "no_data_seconds", "on_no_data")
        options = {name: getattr(old, name) for name in finer} if old else {}
        options |= {"compare": said["compare"], "breach_seconds": said["breach"], "on_breach": said["on_breach"]}
        limit = None if said["limit"] is None else float(said["limit"] / 100)
        return KpiSpec(name=said["name"], source=said["source"], query=query, limit=limit, options=options)


def step_of(plan: Plan | None) -> list[dict[str, Any]]:
    """The rows of a plan as its form starts with them; a usual way to grow where there is none."""
    if plan is None:
        return [{"percent": percent, "bake": 3600, "min_users": 50} for percent in (5, 25, 100)]
    return [
        {
            "percent": as_percent(step.weight).removesuffix("\u00a0%"),
            "bake": step.bake_seconds,
            "min_users": step.min_users,
            "go_team": step.go_team_id,
        }
        for step in plan.steps.all()
    ]


def routes_of(plan: Plan | None) -> list[dict[str, Any]]:
    moved = plan.targets.exclude(router="flag") if plan else []
    return [{"router": target.router, "key": target.key} for target in moved]


def kpis_of(plan: Plan | None) -> list[dict[str, Any]]:
    return [_kpi(kpi) for kpi in plan.kpis.all()] if plan else []


def _kpi(kpi: Kpi) -> dict[str, Any]:
    slow = kpi.query.get("slow_ms", 0)
    return {
        "name": kpi.name,
        "source": kpi.source,
        "bad": BadAnswer.SLOW if slow else BadAnswer.FAILED,
        "bound": int(slow or kpi.query.get("bad_status", 500)),
        "canary": kpi.query.get("canary", ""),
        "stable": kpi.query.get("stable", ""),
        "compare": kpi.compare,
        "limit": None if kpi.limit is None else f"{kpi.limit * 100:.4f}".rstrip("0").rstrip("."),
        "breach": kpi.breach_seconds,
        "on_breach": kpi.on_breach,
    }


def targets(routes: Sequence[Mapping[str, str]], flags: Sequence[str]) -> list[TargetSpec]:
    """The routes carry and the flags follow them; without a route the flags carry."""
    carried = [TargetSpec(router=one["router"], key=one["key"]) for one in routes]
    role = Role.FOLLOWS if carried else Role.CARRIES
    return [*carried, *(TargetSpec(router="flag", key=key, role=role) for key in flags)]
