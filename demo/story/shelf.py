"""The flags that a shop gathers beside its releases: an experiment, a knob for operations, some that should be gone.

What they lived through before the story begins (their age, how often they were asked for) is written as it would have
been counted; all else goes through the actions of everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core import clock
from core.models import Environment
from core.weights import FULL
from demo.story.stage import Stage
from flags import actions
from flags.actions.code import Place
from flags.choices import FlagKind, ValueType
from flags.models import Flag, FlagState, FlagUsage

STAFF = {"attribute": "email", "op": "ends_with", "value": "@storefront.example"}
BETA = {"any": [{"segment": "staff"}, {"attribute": "customer.beta", "op": "equals", "value": True}]}
COLOURS = [
    {"name": name, "value": value} for name, value in (("sea", "#00618f"), ("sand", "#b8860b"), ("ink", "#1c2b33"))
]
SIZES = [{"name": "long", "value": 40}, {"name": "usual", "value": 20}]
ESTIMATES = [
    {"name": "hourly", "value": {"unit": "h", "most": 48}},
    {"name": "daily", "value": {"unit": "d", "most": 10}},
]
REFERENCES = {
    "search-typo": [("search/spelling.py", 41), ("tests/test_spelling.py", 12)],
    "search-instant": [("web/search-box.ts", 88)],
    "search-ranking": [("search/ranking.py", 17)],
    "basket-sticky-total": [("web/basket.ts", 120), ("web/basket.css.ts", 9)],
    "button-colour": [("web/button.ts", 31)],
    "page-size": [("search/pages.py", 5)],
    "delivery-estimate": [("basket/delivery.py", 73)],
    "christmas-banner": [("web/home.ts", 14)],
}
"""Where Emil's pipeline found them; the last is a key that no flag has."""


def fill(at: Stage) -> None:
    """Segments, five flags, and what code mentions of them."""
    emil, storefront = at.people["emil"], at.storefront
    said: dict[str, Any] = {"product": storefront, "actor": emil}
    actions.create_segment(key="staff", name="Staff", condition=STAFF, description="Everybody who works here.", **said)
    actions.create_segment(key="beta", name="Beta group", condition=BETA, **said)
    _experiment(at)
    _operations(at)
    _delivery(at)
    _left_over(at)
    places = [Place(key, file, line) for key, rows in REFERENCES.items() for file, line in rows]
    actions.report_code(
        product=storefront, repository="storefront/shop", commit="4f1c2e97ab03", places=places, actor=emil
    )


def _experiment(at: Stage) -> None:
    """Three colours for everybody but staff, a third each."""
    flag = _flag(
        at,
        "button-colour",
        "Which button is pressed more",
        kind=FlagKind.EXPERIMENT,
        type=ValueType.STRING,
        variants=COLOURS,
    )
    split = {"split": [["sea", 33_334], ["sand", 33_333], ["ink", 33_333]]}
    _target(at, flag, "production", {"on": split, "off": "ink", "rules": [_rule("Staff", {"segment": "staff"}, "sea")]})
    _open(at, flag, "production", FULL)


def _operations(at: Stage) -> None:
    """Newer apps get longer pages, except where lines are slow."""
    flag = _flag(
        at, "page-size", "How many results a page has", kind=FlagKind.OPS, type=ValueType.INTEGER, variants=SIZES
    )
    newer = {"attribute": "app.version", "op": "version_at_least", "value": "3.2.0"}
    fast = {"not": {"attribute": "country", "op": "in", "value": ["AQ", "GL"]}}
    rules = [_rule("New apps on fast lines", {"all": [newer, fast]}, "long")]
    _target(at, flag, "production", {"on": {"variant": "usual"}, "off": "usual", "rules": rules})
    _open(at, flag, "production", FULL)


def _delivery(at: Stage) -> None:
    """The beta group tries it on staging; it needs the basket's own flag."""
    _flag(at, "basket-sticky-total", "Keeps the total in sight", days=141)
    flag = _flag(at, "delivery-estimate", "Says when it will come", type=ValueType.JSON, variants=ESTIMATES)
    needs = [{"flag": "basket-sticky-total", "variants": ["on"]}]
    rules = [_rule("Beta group", {"segment": "beta"}, "hourly")]
    _target(at, flag, "staging", {"needs": needs, "rules": rules})


def _left_over(at: Stage) -> None:
    """Everybody has had one for months; nobody asks for the other any more."""
    sticky = Flag.objects.get(product=at.storefront, key="basket-sticky-total")
    summer = _flag(at, "promo-summer", "The summer’s sale", kind=FlagKind.RELEASE, days=171)
    for name in ("production", "staging"):
        _open(at, sticky, name, FULL)
    _open(at, summer, "production", FULL)
    actions.set_weight(
        flag=summer, environment=at.place(at.storefront, "production"), weight=0, actor=at.people["emil"]
    )
    FlagState.objects.filter(flag=sticky).update(changed_at=clock.now() - timedelta(days=96))
    FlagState.objects.filter(flag=summer).update(changed_at=clock.now() - timedelta(days=62))
    production = at.place(at.storefront, "production")
    _asked(sticky, production, {"on": 61_000}, days=range(14))
    _asked(summer, production, {"off": 900}, days=range(62, 70))


def _flag(at: Stage, key: str, name: str, *, days: int = 21, **more: Any) -> Flag:
    flag = actions.create_flag(
        product=at.storefront, key=key, name=name, actor=at.people["emil"], for_clients=True, **more
    )
    Flag.objects.filter(pk=flag.pk).update(created_at=clock.now() - timedelta(days=days))
    at.flags[key] = flag
    return flag


def _rule(name: str, when: Mapping[str, Any], variant: str) -> dict[str, Any]:
    return {"name": name, "when": when, "serve": {"variant": variant}}


def _target(at: Stage, flag: Flag, place: str, targeting: Mapping[str, Any]) -> None:
    environment = at.place(at.storefront, place)
    actions.set_targeting(flag=flag, environment=environment, targeting=targeting, actor=at.people["emil"])


def _open(at: Stage, flag: Flag, place: str, weight: int) -> None:
    environment = at.place(at.storefront, place)
    actions.set_weight(flag=flag, environment=environment, weight=weight, actor=at.people["emil"])


def _asked(flag: Flag, environment: Environment, daily: Mapping[str, int], *, days: range) -> None:
    """As many answers on each of these days before today."""
    now = clock.now()
    FlagUsage.objects.bulk_create(
        FlagUsage(
            flag=flag,
            environment=environment,
            variant=variant,
            by_name=True,
            day=(now - timedelta(days=ago)).date(),
            count=count + 37 * (ago % 5),
            last_at=now - timedelta(days=ago),
        )
        for ago in days
        for variant, count in daily.items()
    )
