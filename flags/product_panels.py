"""The section of this room on a product's page: the keys with which applications read flags."""

from functools import partial

from core.panels import Ask, Section
from flags.actions import MAY_CHANGE
from flags.keys import in_use
from flags.models import FlagKey
from flags.product_forms import KeyForm, ReplaceKeyForm


def keys(ask: Ask) -> Section:
    may = ask.may(*MAY_CHANGE)
    found = in_use(FlagKey.objects.filter(environment__product=ask.product)).select_related("environment", "replaces")
    rows = list(found.order_by("environment__order", "name", "-created_at"))
    replaced = {key.replaces_id for key in rows}
    return Section(
        key="flag-keys",
        title="Flag keys",
        act="Issue one" if may else "",
        opens="flag-key",
        aside=True,
        template="flags/product_keys.html",
        context={
            "rows": [
                (key, may and key.pk not in replaced, ask.form(f"flag-key-{key.pk}", ReplaceKeyForm, when=may))
                for key in rows
            ],
            "may": may,
            "form": ask.form("flag-key", partial(KeyForm, product=ask.product), when=may),
        },
    )
