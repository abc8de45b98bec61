"""The list of releases, and opening a new one."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from core.access import signed_in, who_may
from core.choices import RoleKind
from core.models import Product, User
from core.views import attempt
from releases import actions, rules
from releases.choices import ReleaseStatus
from releases.forms import ReleaseForm
from releases.models import Release

SHOWN = 100


class Row:
    """A release in the list: its status, its small slipway, the versions it ships."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.status = ReleaseStatus(release.status)
        self.points = rules.phases(self.status, {})
        self.versions = [one.build.version for one in release.candidates.all() if one.build]


@who_may("whoever has a role in a product of the release")
@require_safe
def releases(request: HttpRequest) -> HttpResponse:
    """Unfinished ones first; newest first within both."""
    rows = (
        Release.objects.visible_to(signed_in(request))
        .select_related("product", "manager")
        .prefetch_related("candidates__build", "features")[:SHOWN]
    )
    drawn = [Row(row) for row in rows]
    return render(
        request,
        "releases/list.html",
        {
            "under_way": [row for row in drawn if not row.status.is_finished],
            "finished": [row for row in drawn if row.status.is_finished],
            "may_open": _manages(signed_in(request)).exists(),
        },
    )


@who_may("release managers and owners, of one of their products")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    actor = signed_in(request)
    form = ReleaseForm(request.POST or None, products=_manages(actor))
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "releases/new.html", {"form": form}, status=status)
    return attempt(
        request,
        lambda: actions.create_release(actor=actor, **form.cleaned_data),
        back=lambda release: reverse("release-scope", args=[release.pk]) if release else reverse("release-new"),
        template="" if request.htmx else "releases/new.html",  # type: ignore[attr-defined]
        context={"form": form},
    )


def _manages(user: User) -> QuerySet[Product]:
    kinds = [RoleKind.RELEASE_MANAGER, RoleKind.OWNER]
    return Product.objects.filter(roles__user=user, roles__kind__in=kinds).distinct()
