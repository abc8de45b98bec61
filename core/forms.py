"""What people send from a product's page. The forms parse; the actions decide."""

import zoneinfo
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q

from core.choices import RoleKind
from core.models import Product, Team, User


def zones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]


class PersonChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    """Somebody, by name and address: names are not unique."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj) if obj.is_service else f"{obj} ({obj.email})"


class WallTime(forms.CharField):
    """Date and time as they stand on a wall, without a zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"})

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            said = datetime.fromisoformat(text)
        except ValueError:
            raise forms.ValidationError("Say a date and a time, as in 2026-12-24 18:00.") from None
        if said.tzinfo:
            raise forms.ValidationError("Without an offset: the zone is named beside it.")
        return said


class ProductForm(forms.Form):
    name = forms.CharField(max_length=80)
    timezone = forms.ChoiceField(
        choices=zones, label="Time zone", help_text="In which its freezes and release windows are meant."
    )


class NewProductForm(ProductForm):
    slug = forms.SlugField(
        max_length=50, label="Address", help_text="Part of every address, as in search-api. It cannot be changed later."
    )
    field_order = ["name", "slug", "timezone"]


class AddPersonForm(forms.Form):
    email = forms.EmailField(label="E-mail address", help_text="They get one mail that says what is theirs to do here.")
    name = forms.CharField(max_length=120, required=False, help_text="Only for somebody who is new to Slipway.")
    kind = forms.ChoiceField(choices=RoleKind.choices, label="Role")

    def clean_kind(self) -> RoleKind:
        return RoleKind(self.cleaned_data["kind"])


class RoleForm(forms.Form):
    """One more role for somebody: those that they do not hold yet."""

    kind = forms.ChoiceField(label="One more role")

    def __init__(self, *args: Any, held: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [(one.value, one.label) for one in RoleKind if one not in held]

    def clean_kind(self) -> RoleKind:
        return RoleKind(self.cleaned_data["kind"])


class NameForm(forms.Form):
    """A new team, or a new place."""

    name = forms.CharField(max_length=80)


class EnvironmentForm(forms.Form):
    name = forms.CharField(max_length=40, help_text="A place beside production, as in Load test. It stays.")


class MemberForm(forms.Form):
    """Somebody with a role in the product who is not in the team yet."""

    person = PersonChoice(User.objects.none())

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person = self.fields["person"]
        assert isinstance(person, forms.ModelChoiceField)
        here = User.objects.filter(roles__product=team.product_id, is_active=True, is_service=False)
        person.queryset = here.exclude(teams=team).distinct().order_by("name")


class TokenForm(forms.Form):
    """`user` empty: a pipeline of its own, for owners only."""

    name = forms.CharField(max_length=80, help_text="Who will use it, as in GitHub Actions.")
    user = PersonChoice(User.objects.none(), required=False, label="Acts as", empty_label="a pipeline of its own")

    def __init__(self, *args: Any, product: Product, actor: User, owns: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = self.fields["user"]
        assert isinstance(user, forms.ModelChoiceField)
        lendable = Q(pk=actor.pk) | Q(is_service=True) if owns else Q(pk=actor.pk)
        here = User.objects.filter(lendable, roles__product=product, is_active=True)
        user.queryset = here.distinct().order_by("name")
        if not owns:
            user.empty_label, user.required = None, True
