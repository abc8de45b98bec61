"""A product's flags out as a file, and in again: first what it would do, then all of it or nothing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from core.access import signed_in, who_may
from core.errors import Refused
from core.models import Product
from core.views import attempt
from core.views.products import held, load
from flags import actions, transfer
from flags.diff import Change
from flags.forms.transfer import ImportForm
from flags.views.reach import MEMBERS

PAGE = "flags/transfer.html"


@who_may("members of the product; importing is for release managers, engineers and owners")
@require_http_methods(["GET", "HEAD", "POST"])
def transfer_page(request: HttpRequest, slug: str) -> HttpResponse:
    product = load(request, slug)
    if request.method != "POST":
        return render(request, PAGE, _page(request, product, ImportForm(product=product)))
    form = ImportForm(request.POST, request.FILES, product=product)
    found: dict[str, Any] = {}

    def act() -> actions.Report:
        report: actions.Report = held(form, lambda: _import(request, form, only_look="do" not in request.POST))
        found["report"] = report
        if report.refused:
            raise Refused("Nothing was imported: see below what stands in the way.")
        return report

    return attempt(
        request,
        act,
        back=request.path,
        template="" if getattr(request, "htmx", False) else PAGE,
        context=lambda: _page(request, product, form, **found),
        answer=lambda report: _answer(request, product, form, report),
    )


@who_may(MEMBERS)
@require_safe
def export(request: HttpRequest, slug: str, environment: str) -> HttpResponse:
    """The file."""
    product = load(request, slug)
    where = get_object_or_404(product.environments.select_related("product"), slug=environment)
    document, _ = transfer.written(where)
    answer = HttpResponse(transfer.as_file(document), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{product.slug}-{where.slug}.flagd.json"'
    return answer


def _import(request: HttpRequest, form: ImportForm, *, only_look: bool) -> actions.Report:
    """Raises Refused."""
    said, actor = form.cleaned_data, signed_in(request)
    about = {"environment": said["environment"], "reason": said["reason"]}
    return transfer.take_in(said["content"], actor=actor, only_look=only_look, **about)


def _answer(request: HttpRequest, product: Product, form: ImportForm, report: actions.Report) -> HttpResponse:
    """Done: back to the page. Only looked at: the page with what it would do, and the button that does it."""
    if "do" not in request.POST:
        return render(request, PAGE, _page(request, product, form, report=report))
    where = form.cleaned_data["environment"].name.lower()
    messages.success(request, became(len(report.created) + len(report.changed), where, len(report.planned)))
    return HttpResponseRedirect(reverse("flag-transfer", args=[product.slug]), status=303)


def _differs(report: actions.Report) -> list[tuple[str, list[tuple[str, list[Change]]]]]:
    """What is there and would be another: changed at once, waiting, and segments; each with what is different."""
    segments = [f"segment {key}" for key in report.segments]
    kinds = (("changed", report.changed), ("waits", report.planned), ("segments", segments))
    return [(kind, [(key, report.differs.get(key, [])) for key in keys]) for kind, keys in kinds if keys]


def became(count: int, where: str, waiting: int) -> str:
    are = "1 flag" if count == 1 else f"{count} flags"
    said = f"{are} of {where} {'is' if count == 1 else 'are'} as the file has {'it' if count == 1 else 'them'}"
    return f"{said}, {waiting} wait{'s' if waiting == 1 else ''} for a second person." if waiting else f"{said}."


def _page(
    request: HttpRequest, product: Product, form: ImportForm, report: actions.Report | None = None
) -> dict[str, Any]:
    """What a file held stands in the form as text from then on, so that it need not be chosen again."""
    content = getattr(form, "cleaned_data", {}).get("content") if form.is_bound else None
    if content is not None:
        form.data = {**request.POST.dict(), "text": content.decode("utf-8", "replace")}
    environments = list(product.environments.select_related("product"))
    return {
        "product": product,
        "exports": [(one, transfer.written(one)[1]) for one in environments],
        "may": signed_in(request).has_role(product, *actions.MAY_CHANGE),
        "form": form,
        "report": report,
        "differs": _differs(report) if report else [],
        "most": actions.transfer.MOST,
    }
