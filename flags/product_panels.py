"""The sections of this room on a product's page: how its flags change, and the keys with which they are read."""

from functools import partial

from core.choices import RoleKind
from core.panels import Ask, Section
from flags.actions import MAY_CHANGE
from flags.keys import in_use
from flags.models import FlagKey, FlagSet
from flags.product_forms import KeyForm, ReplaceKeyForm


def changes(ask: Ask) -> Section:
    """Where a second person is wanted. Only owners decide, also where somebody else administers the site."""
    environments = ask.product.environments.all()
    wanted = set(FlagSet.objects.filter(environment__in=environments, second_person=True).values_list("pk", flat=True))
    return Section(
        key="flag-changes",
        title="Changes of flags",
        beside="outside of a rollout",
        template="flags/product_changes.html",
        context={
            "rows": [(environment, environment.pk in wanted) for environment in environments],
            "may": ask.may(RoleKind.OWNER),
        },
    )


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
