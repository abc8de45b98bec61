"""What needs testing, and the tester's bench."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core.access import signed_in, who_may
from core.scope import narrow
from releases.models import Release
from validation import page
from validation.overview import lines


def load(request: HttpRequest, pk: int) -> Release:
    """Loading it is the permission check."""
    return get_object_or_404(Release.objects.visible_to(signed_in(request)).select_related("product"), pk=pk)


@who_may("everybody with a role in the product")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Unfinished releases, first where something failed or is left."""
    person = signed_in(request)
    visible = narrow(request, Release.objects.visible_to(person).unfinished(), "candidates__product")
    return render(request, "validation/testing.html", {"lines": lines(visible, person)})


@who_may("everybody with a role in the product reads; its testers record")
@require_safe
@vary_on_headers("HX-Request")
def workspace(request: HttpRequest, pk: int) -> HttpResponse:
    """The bench; for htmx with `part` the list alone, as filtered or as somebody else's result changed it."""
    context = page.workspace(load(request, pk), signed_in(request), page.Asked.of(request.GET.dict()))
    part = "#list" if request.GET.get("part") == "list" else ""
    return render(request, f"validation/workspace.html{part}", context)
