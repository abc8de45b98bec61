"""The section of this room on a product's page: the keys with which applications read flags."""

from functools import partial

from core.panels import Ask, Section
from flags.actions import MAY_CHANGE
from flags.models import FlagKey
from flags.product_forms import KeyForm


def keys(ask: Ask) -> Section:
    may = ask.may(*MAY_CHANGE)
    found = FlagKey.objects.filter(environment__product=ask.product, revoked_at=None).select_related("environment")
    return Section(
        key="flag-keys",
        title="Flag keys",
        act="Issue one" if may else "",
        opens="flag-key",
        aside=True,
        template="flags/product_keys.html",
        context={
            "rows": found.order_by("environment__order", "-created_at"),
            "may": may,
            "form": ask.form("flag-key", partial(KeyForm, product=ask.product), when=may),
        },
    )
