"""Changing what a release is: its words, features, dependencies and candidate."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms as django_forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from core.access import signed_in, who_may
from core.errors import Refused
from core.views import attempt, reason_of
from releases import actions, forms
from releases.consequences import Consequences
from releases.models import Feature, FeatureLink, Release

MANAGERS = "release managers and owners of the governing product"
PAGE = "releases/scope.html"


@who_may("whoever has a role in a product of the release; only release managers and owners get the forms")
@require_safe
def edit(request: HttpRequest, release_id: int) -> HttpResponse:
    release = load(request, release_id)
    return render(request, PAGE, page(request, release))


@who_may(MANAGERS)
@require_POST
def words(request: HttpRequest, release_id: int) -> HttpResponse:
    release = load(request, release_id)
    form = forms.WordsForm(request.POST, auto_id="id_words_%s")
    return submit(request, release, "words", form, lambda data: actions.change_release(release=release, **data))


@who_may(MANAGERS)
@require_POST
def add(request: HttpRequest, release_id: int) -> HttpResponse:
    release = load(request, release_id)
    form = forms.FeatureForm(request.POST, release=release)
    return submit(request, release, "feature", form, lambda data: actions.add_feature(release=release, **data))


@who_may(MANAGERS)
@require_POST
def feature(request: HttpRequest, release_id: int, feature_id: int) -> HttpResponse:
    """Change one feature."""
    release = load(request, release_id)
    chosen = get_object_or_404(Feature, pk=feature_id, release=release)
    form = forms.FeatureForm(request.POST, release=release, auto_id=f"id_{chosen.pk}_%s")
    action = lambda data: actions.change_feature(feature=chosen, **data)  # noqa: E731
    return submit(request, release, f"feature_{chosen.pk}", form, action)


@who_may(MANAGERS)
@require_POST
def remove(request: HttpRequest, release_id: int, feature_id: int) -> HttpResponse:
    release = load(request, release_id)
    chosen = get_object_or_404(Feature, pk=feature_id, release=release)
    return submit(request, release, "", None, lambda data: actions.remove_feature(feature=chosen, **data))


@who_may(MANAGERS)
@require_POST
def link(request: HttpRequest, release_id: int) -> HttpResponse:
    release = load(request, release_id)
    form = forms.LinkForm(request.POST, release=release)
    return submit(request, release, "link", form, lambda data: actions.link_features(**data))


@who_may(MANAGERS)
@require_POST
def unlink(request: HttpRequest, release_id: int, link_id: int) -> HttpResponse:
    release = load(request, release_id)
    chosen = get_object_or_404(FeatureLink, pk=link_id, feature__release=release)
    return submit(request, release, "", None, lambda data: actions.unlink_features(link=chosen, **data))


@who_may("release managers, owners and engineers of the build's product")
@require_POST
def candidate(request: HttpRequest, release_id: int) -> HttpResponse:
    release = load(request, release_id)
    form = forms.CandidateForm(request.POST, release=release)
    return submit(request, release, "candidate", form, lambda data: actions.set_candidate(release=release, **data))


@who_may(MANAGERS)
@require_POST
def cancel(request: HttpRequest, release_id: int) -> HttpResponse:
    """Give the release up."""
    release = load(request, release_id)
    action = lambda data: actions.cancel_release(release=release, reason=reason_of(request), **data)  # noqa: E731
    return submit(request, release, "", None, action)


def load(request: HttpRequest, release_id: int) -> Release:
    """The release, if this person may see it; else 404."""
    rows = Release.objects.visible_to(signed_in(request)).select_related("product", "manager")
    return get_object_or_404(rows, pk=release_id)


def submit(
    request: HttpRequest,
    release: Release,
    name: str,
    form: django_forms.Form | None,
    action: Callable[[dict[str, Any]], Any],
) -> HttpResponse:
    """Check the form called `name`, run the action with its data, show the page again with what was wrong."""
    given: Mapping[str, Any] = {name: form} if form else {}
    if form is not None and not form.is_valid():
        return render(request, PAGE, page(request, release, given), status=422)
    data = {**(form.cleaned_data if form else {}), "actor": signed_in(request)}
    return attempt(
        request,
        lambda: _tried(action, data, form),
        back=reverse("release-scope", args=[release.pk]),
        done="Saved.",
        template=PAGE,
        context=lambda: page(request, load(request, release.pk), given),
    )


def _tried(action: Callable[[dict[str, Any]], Any], data: dict[str, Any], form: django_forms.Form | None) -> Any:
    """The action's result. What it refuses stands under the field it is about, too."""
    try:
        return action(data)
    except Refused as refused:
        if form is not None and refused.field in form.fields:
            form.add_error(refused.field, refused.sentence)
        raise


def page(request: HttpRequest, release: Release, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The context of the page; `given` holds bound forms by name, `feature_7` for feature 7."""
    given, actor = given or {}, signed_in(request)
    editing = request.GET.get("edit", "")
    features = list(release.features.select_related("owner").prefetch_related("flags", "links__other"))
    words = {"name": release.name, "summary": release.summary, "way_back": release.way_back}
    return {
        "release": release,
        "changeable": release.is_changeable,
        "again": Consequences(release) if release.is_changeable else None,
        "may_change": release.is_changeable and forms.manages(actor, release),
        "may_set": release.is_changeable and forms.sets_candidate(actor, release),
        "words": given.get("words") or forms.WordsForm(initial=words, auto_id="id_words_%s"),
        "feature": given.get("feature") or forms.FeatureForm(release=release, initial={"owner": actor}),
        "link": given.get("link") or forms.LinkForm(release=release),
        "candidate": given.get("candidate") or forms.CandidateForm(release=release),
        "adding": "feature" in given or not features,
        "candidates": release.candidates.select_related("product", "build"),
        "rows": [(row, given.get(f"feature_{row.pk}") or _form_of(row, release, editing)) for row in features],
    }


def _form_of(row: Feature, release: Release, editing: str) -> forms.FeatureForm | None:
    """The form of the one feature that is being changed: each would ask for all people and flags again."""
    if editing != str(row.pk):
        return None
    initial = {
        "name": row.name,
        "description": row.description,
        "owner": row.owner,
        "flags": list(row.flags.all()),
        "no_flag_reason": row.no_flag_reason,
    }
    return forms.FeatureForm(release=release, initial=initial, auto_id=f"id_{row.pk}_%s")
