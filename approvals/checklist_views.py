"""Writing a release's checklist: what has to be confirmed, and by which team."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from approvals import actions
from approvals.forms import ItemForm
from approvals.models import ChecklistItem
from core.access import signed_in, who_may
from core.choices import RoleKind
from core.views import attempt
from core.views.products import held
from releases.models import Release

PAGE = "approvals/checklist.html"


@who_may("whoever has a role in a product of the release reads it; its release managers write it")
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """The items, and one more."""
    release = _release(request, pk)
    form = ItemForm(request.POST if request.method == "POST" else None, release=release)
    if request.method != "POST":
        return render(request, PAGE, _page(request, release, form))
    return attempt(
        request,
        lambda: held(form, lambda: actions.add_item(release=release, actor=signed_in(request), **form.cleaned_data)),
        back=reverse("checklist", args=[pk]),
        done="It is on the checklist.",
        template=PAGE,
        context=lambda: _page(request, _release(request, pk), form),
    )


@who_may("release managers of the product, while nobody ticked the item")
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    items = ChecklistItem.objects.visible_to(signed_in(request)).select_related("release__product")
    item = get_object_or_404(items, pk=pk)
    release = item.release
    return attempt(
        request,
        lambda: actions.remove_item(item=item, actor=signed_in(request)),
        back=reverse("checklist", args=[release.pk]),
        done="It is off the checklist.",
        template=PAGE,
        context=lambda: _page(request, release, ItemForm(release=release)),
    )


def _release(request: HttpRequest, pk: int) -> Release:
    return get_object_or_404(Release.objects.visible_to(signed_in(request)).select_related("product"), pk=pk)


def _page(request: HttpRequest, release: Release, form: ItemForm) -> dict[str, Any]:
    may = release.is_changeable and signed_in(request).has_role(release.product, RoleKind.RELEASE_MANAGER)
    rows = release.checklist.select_related("team").prefetch_related("ticks")
    return {"release": release, "rows": rows, "form": form if may else None}
