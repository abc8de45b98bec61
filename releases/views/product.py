"""What this room lets people change on a product's page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from core.access import who_may
from core.views.products import load, submit
from releases import actions
from releases.models import Freeze, Slot
from releases.product_forms import FreezeForm, SlotForm, VersionUrlForm

EDITORS = "engineers and owners of the product"
MANAGERS = "release managers and owners of the product"


@who_may(EDITORS)
@require_POST
def add_slot(request: HttpRequest, slug: str) -> HttpResponse:
    product = load(request, slug)
    form = SlotForm(request.POST, product=product)
    return submit(request, product, "slots", lambda data: actions.add_slot(**data), form=form, name="add-slot")


@who_may(EDITORS)
@require_POST
def change_slot(request: HttpRequest, slug: str, slot_id: int) -> HttpResponse:
    product = load(request, slug)
    slots = Slot.objects.select_related("environment__product")
    slot = get_object_or_404(slots, pk=slot_id, environment__product=product)
    form = VersionUrlForm(request.POST)
    action = lambda data: actions.change_slot(slot=slot, **data)  # noqa: E731
    return submit(request, product, "slots", action, form=form, name=f"slot-{slot.pk}")


@who_may(MANAGERS)
@require_POST
def add_freeze(request: HttpRequest, slug: str) -> HttpResponse:
    product, form = load(request, slug), FreezeForm(request.POST)
    action = lambda data: actions.add_freeze(product=product, **data)  # noqa: E731
    return submit(request, product, "freezes", action, form=form, name="add-freeze", done="The freeze is set.")


@who_may(MANAGERS)
@require_POST
def lift_freeze(request: HttpRequest, slug: str, freeze_id: int) -> HttpResponse:
    product = load(request, slug)
    freeze = get_object_or_404(Freeze.objects.select_related("product"), pk=freeze_id, product=product)
    action = lambda data: actions.lift_freeze(freeze=freeze, **data)  # noqa: E731
    return submit(request, product, "freezes", action, done="The freeze is lifted.")
