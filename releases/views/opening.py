"""Opening a new release."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core import scope
from core.access import signed_in, who_may
from core.views import attempt
from releases import actions, forms


@who_may("release managers and owners, of one of their products")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    actor = signed_in(request)
    products = forms.managed(actor)
    form = forms.ReleaseForm(request.POST or None, products=products, initial={"product": scope.chosen(request)})
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "releases/new.html", {"form": form, "may_open": bool(products)}, status=status)
    return attempt(
        request,
        lambda: actions.create_release(actor=actor, **form.cleaned_data),
        back=lambda release: reverse("release-scope", args=[release.pk]) if release else reverse("release-new"),
        template="" if request.htmx else "releases/new.html",  # type: ignore[attr-defined]
        context={"form": form, "may_open": True},
    )
