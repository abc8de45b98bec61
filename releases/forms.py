"""Thin forms: they parse; the actions decide."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from core.choices import RoleKind
from core.models import Product, User
from flags.models import Flag
from releases.choices import LinkKind, ReleaseKind
from releases.models import Build, Feature, Release


class ReleaseForm(forms.Form):
    product = forms.ModelChoiceField(Product.objects.none(), help_text="Whose policy and calendar govern.")
    name = forms.CharField(max_length=120)
    kind = forms.ChoiceField(choices=ReleaseKind.choices, initial=ReleaseKind.GROUPED)
    products = forms.ModelMultipleChoiceField(
        Product.objects.none(), required=False, label="Also covers", help_text="Other products that ship with it."
    )
    summary = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text="What customers will notice."
    )
    way_back = forms.CharField(
        required=False,
        label="Way back",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="How we get back, and what happens to data.",
    )

    def __init__(self, *args: Any, products: QuerySet[Product], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("product", "products"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = products
        if products.count() == 1:
            self.fields["product"].initial = products.get()
            del self.fields["products"]


class FindForm(forms.Form):
    """Which releases the list shows."""

    show = forms.ChoiceField(choices=[("under-way", "Under way"), ("finished", "Finished")], required=False)
    named = forms.CharField(
        max_length=120, required=False, label="Name", widget=forms.TextInput(attrs={"type": "search"})
    )


class WordsForm(forms.Form):
    name = forms.CharField(max_length=120)
    summary = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    way_back = forms.CharField(
        required=False,
        label="Way back",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="How we get back, and what happens to data. Signed with the release.",
    )


class FeatureForm(forms.Form):
    name = forms.CharField(max_length=120)
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    owner = forms.ModelChoiceField(User.objects.none())
    flags = forms.ModelMultipleChoiceField(
        Flag.objects.none(), required=False, help_text="The release claims them: they grow only through its rollout."
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
        flags.queryset = Flag.objects.filter(
            product__candidates__release=release, claim__in=free, archived_at=None
        ).distinct()


class LinkForm(forms.Form):
    feature = forms.ModelChoiceField(Feature.objects.none())
    kind = forms.ChoiceField(choices=LinkKind.choices, label="Depends")
    other = forms.ModelChoiceField(Feature.objects.none(), label="On")

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("feature", "other"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = release.features.all()


class BuildChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic in the stubs only
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.product} {obj.version}"


class CandidateForm(forms.Form):
    build = BuildChoice(Build.objects.none(), help_text="A changed candidate voids the signatures on it.")

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
