"""The section of this room on a product's page: what moves users and what is measured. Both are configured outside."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from core.models import Product
from core.panels import Ask, Section
from rollouts import metrics, routers
from rollouts.adapters import Registry
from rollouts.models import Kpi, PlanTarget

SHOWN = 12
"""Names listed per adapter."""


@dataclass(frozen=True)
class Adapter:
    """One that is configured: its alias, what it is, and what the plans of this product use it for."""

    alias: str
    says: str
    uses: list[str] = field(default_factory=list)
    broken: bool = False


def adapters(ask: Ask) -> Section:
    return Section(
        key="adapters",
        title="Routers and metric sources",
        beside="what moves users, and what is measured",
        template="rollouts/product_adapters.html",
        context={
            "routers": _described(routers.ROUTERS, _targets(ask.product)),
            "sources": _described(metrics.SOURCES, _kpis(ask.product)),
        },
    )


def _targets(product: Product) -> dict[str, list[str]]:
    rows = PlanTarget.objects.filter(plan__environment__product=product).order_by("router", "key").distinct()
    return _by_alias(rows.values_list("router", "key"))


def _kpis(product: Product) -> dict[str, list[str]]:
    rows = Kpi.objects.filter(plan__environment__product=product).order_by("source", "name").distinct()
    return _by_alias(rows.values_list("source", "name"))


def _by_alias(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for alias, name in pairs:
        found.setdefault(alias, []).append(name)
    return found


def _described(registry: Registry[Any], used: dict[str, list[str]]) -> list[Adapter]:
    """Those configured, and those that a plan names although nobody configured them."""
    rows = []
    for alias in sorted({*registry.aliases(), *used}):
        names = used.get(alias, [])[:SHOWN]
        try:
            rows.append(Adapter(alias, registry.get(alias).describe(), names))
        except ImproperlyConfigured as error:
            rows.append(Adapter(alias, str(error), names, broken=True))
    return rows
