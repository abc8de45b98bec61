"""Making a flag by hand."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core.access import signed_in, who_may
from core.errors import Refused
from core.models import Product
from core.scope import chosen
from core.views import attempt
from core.views.products import held
from flags import actions
from flags.forms.about import NewFlagForm
from flags.forms.variants import Variants
from flags.models import Flag
from flags.views.reach import CHANGERS, turned_back

PAGE = "flags/new.html"


@who_may(CHANGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def flag_new(request: HttpRequest) -> HttpResponse:
    """The form; a POST makes the flag, or (`variant-more`) shows it again with more rows for values."""
    if away := turned_back(request, reverse("flags")):
        return away
    user = signed_in(request)
    sent = request.method == "POST"
    form = NewFlagForm(request.POST if sent else None, user=user, initial={"product": chosen(request)})
    variants = Variants.sent(request.POST)
    context = {"form": form, "editor": variants}
    if not sent or variants.wants_more:
        return render(request, PAGE, context)
    if not form.is_valid():
        return render(request, PAGE, context, status=422)

    def make() -> Flag:
        given = variants.read(form.cleaned_data["type"])
        try:
            return actions.create_flag(actor=user, variants=given, **form.cleaned_data)
        except Refused as refused:
            _refuse_archived(form.cleaned_data["product"], form.cleaned_data["key"], refused)
            raise

    def answer(made: Flag) -> HttpResponse:
        done = f"{made.key} is there; nobody has it yet."
        return attempt(request, lambda: None, back=made.get_absolute_url(), done=done)

    return attempt(request, lambda: held(form, make), back="", template=PAGE, context=context, answer=answer)


def _refuse_archived(product: Product, key: str, refused: Refused) -> None:
    """A key that is taken by a flag that nobody sees in the list any more."""
    if refused.field == "key" and Flag.objects.filter(product=product, key=key).exclude(archived_at=None).exists():
        said = f"{product} has an archived flag {key}: bring it back, or take another key."
        raise Refused(said, field="key") from refused
