"""The approval page, asking for sign-off, and ticking the checklist."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from approvals import actions
from approvals.choices import Verdict
from approvals.forms import DecisionForm, RevokeForm, TickForm
from approvals.letter import letter
from approvals.models import ChecklistItem, SignoffRequest
from core.access import signed_in, who_may
from core.errors import Refused
from core.views import attempt
from releases.models import Release


def _asked(request: HttpRequest, pk: int) -> SignoffRequest:
    rows = SignoffRequest.objects.visible_to(signed_in(request))
    return get_object_or_404(
        rows.select_related("release__product", "release__manager", "stage__team", "asked_by"), pk=pk
    )


@who_may("people with a role in the product read it; of them, the approvers whom the stage asks decide")
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """One page, then a choice. Reading it decides nothing, whoever or whatever reads."""
    asked, person = _asked(request, pk), signed_in(request)
    form = DecisionForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return render(request, "approvals/approve.html", {**letter(asked, person), "form": form})

    def act() -> object:
        if not form.is_valid():
            raise Refused(*_first(form))
        given = form.cleaned_data
        return actions.decide(
            request=asked,
            person=person,
            verdict=given["verdict"],
            reason=given["reason"],
            seal_digest=given["seal"],
        )

    return attempt(
        request,
        act,
        back=reverse("approve", args=[pk]),
        done=f"Recorded, as {person} for {asked.stage}.",
        template="approvals/approve.html",
        context=lambda: {**letter(_asked(request, pk), person), "form": form},
    )


@who_may("who signed here")
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    asked, person, form = _asked(request, pk), signed_in(request), RevokeForm(request.POST)
    return attempt(
        request,
        lambda: actions.decide(
            request=asked,
            person=person,
            verdict=Verdict.REVOKE,
            reason=form.cleaned_data["reason"] if form.is_valid() else "",
            seal_digest="",
        ),
        back=reverse("approve", args=[pk]),
        done="Your signature is taken back.",
        template="approvals/approve.html",
        context=lambda: {**letter(_asked(request, pk), person), "form": DecisionForm()},
    )


@who_may("release managers of the product")
@require_POST
def submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for sign-off, or ask again those whose signature fell away."""
    release = get_object_or_404(Release.objects.visible_to(signed_in(request)), pk=pk)
    return attempt(
        request,
        lambda: actions.submit_release(release=release, actor=signed_in(request)),
        back=reverse("release", args=[pk]),
        done="Sign-off is asked for; each approver got one mail.",
    )


@who_may("members of the item's team")
@require_POST
def tick(request: HttpRequest, pk: int) -> HttpResponse:
    item = get_object_or_404(ChecklistItem.objects.visible_to(signed_in(request)).select_related("release"), pk=pk)
    form = TickForm(request.POST)

    def act() -> object:
        if not form.is_valid():
            raise Refused(*_first(form))
        given = form.cleaned_data
        return actions.tick_item(item=item, actor=signed_in(request), done=given["done"], evidence=given["evidence"])

    return attempt(request, act, back=reverse("release", args=[item.release_id]) + "#checklist")


def _first(form: DecisionForm | TickForm) -> tuple[str]:
    """The first thing that is wrong with a form, as a sentence."""
    return (str(next(iter(form.errors.values()))[0]),)
