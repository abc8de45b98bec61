"""The approval page, asking for sign-off, and ticking the checklist."""

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from approvals import actions
from approvals.choices import Verdict
from approvals.forms import DecisionForm, DelegateForm, RemarkForm, RevokeForm, TickForm
from approvals.letter import letter
from approvals.models import ChecklistItem, Remark, SignoffRequest
from core.access import signed_in, who_may
from core.errors import Refused
from core.views import attempt
from releases.models import Release

PARTS = {"stale": "approvals/_stale.html", "others": "approvals/_others.html"}
"""What of the page is asked for alone, while somebody reads it."""


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
        part = PARTS.get(request.GET.get("part", ""), "approvals/approve.html")
        earlier, read = request.GET.get("read", ""), request.GET.get("seal", "")
        shown = {**letter(asked, person, earlier), "form": form, "read": read}
        return render(request, part, shown)

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
        context=lambda: {**letter(_asked(request, pk), person, _read(form)), "form": form},
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


@who_may("who may sign here")
@require_POST
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """A question to whoever manages the release. It decides nothing."""
    asked, person = _asked(request, pk), signed_in(request)
    form = RemarkForm(request.POST)
    return attempt(
        request,
        lambda: actions.ask(request=asked, person=person, text=_text(form)),
        back=reverse("approve", args=[pk]),
        done=f"Asked {asked.release.manager}. You hear of the answer by mail.",
        template="approvals/approve.html",
        context=lambda: {**letter(_asked(request, pk), person), "form": DecisionForm(), "talk": form},
    )


@who_may("release managers of the product")
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    person, form = signed_in(request), RemarkForm(request.POST)
    question = get_object_or_404(Remark.objects.visible_to(person).filter(question=None), pk=pk)
    asked = question.request_id
    return attempt(
        request,
        lambda: actions.answer(question=question, actor=person, text=_text(form)),
        back=reverse("approve", args=[asked]) + f"#question-{pk}",
        done=f"Answered {question.person}.",
        template="approvals/approve.html",
        context=lambda: {**letter(_asked(request, asked), person), "form": DecisionForm(), "talk": form},
    )


@who_may("signers of the asked team, as long as they have not decided")
@require_POST
def delegate(request: HttpRequest, pk: int) -> HttpResponse:
    """Let another approver decide in one's place."""
    asked, person = _asked(request, pk), signed_in(request)
    form = DelegateForm(request.POST, release=asked.release)

    def act() -> object:
        if not form.is_valid():
            raise Refused(*_first(form), field="to")
        return actions.delegate(request=asked, person=person, to=form.cleaned_data["to"])

    return attempt(
        request,
        act,
        back=reverse("approve", args=[pk]),
        done="Handed on; they got a mail. Until they decide you can take it back.",
        template="approvals/approve.html",
        context=lambda: {**letter(_asked(request, pk), person), "form": DecisionForm()},
    )


@who_may("who handed their part on")
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    asked, person = _asked(request, pk), signed_in(request)
    return attempt(
        request,
        lambda: actions.take_back(request=asked, person=person),
        back=reverse("approve", args=[pk]),
        done="Your part is with you again.",
        template="approvals/approve.html",
        context=lambda: {**letter(_asked(request, pk), person), "form": DecisionForm()},
    )


@who_may("release managers of the product")
@require_POST
def remind(request: HttpRequest, pk: int) -> HttpResponse:
    release = get_object_or_404(Release.objects.visible_to(signed_in(request)), pk=pk)
    return attempt(
        request,
        lambda: actions.remind(release=release, actor=signed_in(request)),
        back=reverse("release", args=[pk]),
        done="Reminded by mail whoever is asked and has not decided.",
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


def _read(form: DecisionForm) -> str:
    """The digest that the page showed which was sent back."""
    return str(form.cleaned_data.get("seal", "")) if form.is_bound and form.is_valid() else ""


def _text(form: RemarkForm) -> str:
    if not form.is_valid():
        raise Refused(*_first(form), field="text")
    return str(form.cleaned_data["text"])


def _first(form: Form) -> tuple[str]:
    """The first thing that is wrong with a form, as a sentence."""
    return (str(next(iter(form.errors.values()))[0]),)
