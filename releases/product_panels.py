"""The sections of this room on a product's page: slots and freezes."""

from datetime import datetime, timedelta
from functools import partial

from django.utils import timezone

from core.panels import Ask, Section
from releases.actions.releases import MANAGERS
from releases.actions.slots import EDITORS
from releases.models import Freeze, Slot
from releases.product_forms import FreezeForm, SlotForm, VersionUrlForm
from releases.rules import FRESH


def slots(ask: Ask) -> Section:
    may = ask.may(*EDITORS)
    found = Slot.objects.filter(environment__product=ask.product).select_related("environment")
    rows = [
        {
            "slot": slot,
            "said": _said(slot, ask.now),
            "form": ask.form(
                f"slot-{slot.pk}", partial(VersionUrlForm, initial={"version_url": slot.version_url}), when=may
            ),
        }
        for slot in found.order_by("environment__order", "name")
    ]
    return Section(
        key="slots",
        title="Slots",
        beside="where two versions stand side by side",
        act="Add a slot" if may else "",
        opens="add-slot",
        template="releases/product_slots.html",
        context={
            "rows": rows,
            "may": may,
            "form": ask.form("add-slot", partial(SlotForm, product=ask.product), when=may),
        },
    )


def _said(slot: Slot, now: datetime) -> tuple[str, str, str]:
    """Tone, icon and word: whether the slot can be asked what it runs, and answers."""
    if not slot.version_url:
        return "none", "ring", "not asked"
    if slot.observed_at and now - slot.observed_at <= FRESH:
        return "good", "open", "answers"
    return "wait", "waiting", "no answer"


def freezes(ask: Ask) -> Section:
    """Those that stand or come; what is over stands in the record."""
    may = ask.may(*MANAGERS)
    tomorrow = timezone.localtime(ask.now, timezone.get_current_timezone()) + timedelta(days=1)
    initial = {
        "zone": ask.product.timezone,
        "starts_at": f"{tomorrow:%Y-%m-%d}T18:00",
        "ends_at": f"{tomorrow + timedelta(days=1):%Y-%m-%d}T08:00",
    }
    found = Freeze.objects.filter(product=ask.product, lifted_at=None, ends_at__gt=ask.now).select_related("created_by")
    return Section(
        key="freezes",
        title="Freezes",
        beside="while one stands, nothing grows",
        act="Add a freeze" if may else "",
        opens="add-freeze",
        template="releases/product_freezes.html",
        context={
            "rows": found,
            "may": may,
            "form": ask.form("add-freeze", partial(FreezeForm, initial=initial), when=may),
        },
    )
