"""Thin forms: they parse; the actions decide."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from core.choices import RoleKind
from core.models import Product, User
from core.words import short
from flags.models import Flag
from releases.choices import LinkKind, ReleaseKind
from releases.models import Build, Feature, Release

KINDS = [
    (ReleaseKind.GROUPED, "Grouped: features that belong together, each tried by business testers before it ships"),
    (ReleaseKind.EXPRESS, "Express: one small change, tested by its pipeline"),
]
FEW = 12
"""Flags that are ticked one by one; more are chosen from a list."""
SUMMARY = "One or two sentences that customers would understand. Shown to who signs, not signed."
WAY_BACK = "How we get back, and what happens to data that was written meanwhile. It is signed."


class ReleaseForm(forms.Form):
    product = forms.ModelChoiceField(
        Product.objects.none(),
        empty_label=None,
        help_text="Its policy says who signs, its calendar when nothing ships.",
    )
    name = forms.CharField(max_length=120, help_text="As people will call it: “Checkout 4.2”.")
    kind = forms.ChoiceField(choices=KINDS, initial=ReleaseKind.GROUPED, widget=forms.RadioSelect)
    products = forms.ModelMultipleChoiceField(
        Product.objects.none(),
        required=False,
        label="Also covers",
        help_text="Other products that must change together with it.",
        widget=forms.CheckboxSelectMultiple,
    )
    summary = forms.CharField(
        required=False, label="What changes for users", widget=forms.Textarea(attrs={"rows": 2}), help_text=SUMMARY
    )
    way_back = forms.CharField(
        required=False,
        label="Way back",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"{WAY_BACK} It can be written later; the release waits for it.",
    )

    def __init__(self, *args: Any, products: QuerySet[Product], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("product", "products"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = products
        if len(products) == 1:
            self.fields["product"].initial = products[0]
            del self.fields["products"]


class FindForm(forms.Form):
    """Which releases the list shows."""

    show = forms.ChoiceField(choices=[("under-way", "Under way"), ("finished", "Finished")], required=False)
    named = forms.CharField(
        max_length=120, required=False, label="Name", widget=forms.TextInput(attrs={"type": "search"})
    )


class WordsForm(forms.Form):
    name = forms.CharField(max_length=120)
    summary = forms.CharField(
        required=False, label="What changes for users", widget=forms.Textarea(attrs={"rows": 2}), help_text=SUMMARY
    )
    way_back = forms.CharField(
        required=False, label="Way back", widget=forms.Textarea(attrs={"rows": 3}), help_text=WAY_BACK
    )


class FlagChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.key}: {obj.name}"


class FeatureForm(forms.Form):
    name = forms.CharField(max_length=120, help_text="One thing that a user will notice. It is signed.")
    description = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What is different then. Shown, not signed: changing it asks nobody again.",
    )
    owner = forms.ModelChoiceField(
        User.objects.none(), empty_label=None, help_text="Who answers questions about it, and cannot sign it."
    )
    flags = FlagChoice(
        Flag.objects.none(),
        required=False,
        help_text="What turns it on and off by itself. The release claims them: they grow only through its rollout.",
    )
    new_flag = forms.SlugField(
        max_length=100,
        required=False,
        label="Or a new flag",
        help_text="Its key, as code asks for it: search-typo. Nobody has it until the rollout.",
    )
    no_flag_reason = forms.CharField(
        max_length=200, required=False, label="Why it has no flag", help_text="Only if it has none."
    )

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner, flags = self.fields["owner"], self.fields["flags"]
        assert isinstance(owner, forms.ModelChoiceField) and isinstance(flags, forms.ModelMultipleChoiceField)
        owner.queryset = (
            User.objects.filter(roles__product=release.product_id, is_active=True).distinct().order_by("name")
        )
        finished = Release.objects.exclude(pk__in=Release.objects.unfinished().values("pk"))
        free = ["", release.subject, *(one.subject for one in finished.filter(product=release.product_id))]
        free_ones = Flag.objects.filter(
            product__candidates__release=release, claim__in=free, archived_at=None
        ).distinct()
        if free_ones.count() <= FEW:
            flags.widget = forms.CheckboxSelectMultiple()
        flags.queryset = free_ones


class LinkForm(forms.Form):
    feature = forms.ModelChoiceField(Feature.objects.none(), label="This feature", empty_label=None)
    kind = forms.ChoiceField(choices=LinkKind.choices, label="How")
    other = forms.ModelChoiceField(Feature.objects.none(), label="That feature", empty_label="Choose")

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("feature", "other"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = release.features.all()


class BuildChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.product} {obj.version}, registered {short(obj.registered_at)}"


class CandidateForm(forms.Form):
    build = BuildChoice(
        Build.objects.none(),
        empty_label="Choose a build",
        help_text="What testers passed counts for the build they tried; another one is tried again.",
    )

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["build"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Build.objects.filter(product__candidates__release=release).select_related("product")


def sets_candidate(user: User, release: Release) -> bool:
    kinds = [RoleKind.RELEASE_MANAGER, RoleKind.OWNER, RoleKind.ENGINEER]
    return user.is_active and user.roles.filter(product__candidates__release=release, kind__in=kinds).exists()


def managed(user: User) -> QuerySet[Product]:
    """Products of which this person may open releases."""
    kinds = [RoleKind.RELEASE_MANAGER, RoleKind.OWNER]
    return Product.objects.filter(roles__user=user, roles__kind__in=kinds).distinct()


def manages(user: User, release: Release) -> bool:
    return user.has_role(release.product, RoleKind.RELEASE_MANAGER, RoleKind.OWNER)
