"""Risk: reasons with their weights in, a number with its reasons out. Where the weights come from, and that they are to
be calibrated, stands in docs/decisions (the weights of risk are ours).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from releases.choices import CheckKind
from releases.rules.words import counted, join

MEDIUM, HIGH, MOST = 25, 60, 100


@dataclass(frozen=True)
class Reason:
    """One fact that makes a release riskier (`weight` above 0) or safer (below): a sentence without full stop."""

    weight: int
    sentence: str


@dataclass(frozen=True)
class Risk:
    """`total` is 0 to 100; `reasons` has the heaviest first, what takes away last."""

    total: int
    level: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A build and the newest status of each kind of check, empty where nothing was reported."""

    version: str
    checks: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Shipment:
    """What this room knows of what ships. `bare` are features without a flag; `replaced` counts former candidates."""

    features: int = 1
    products: int = 1
    bare: tuple[str, ...] = ()
    builds: tuple[Checked, ...] = ()
    replaced: int = 0
    way_back: bool = True


def assess(reasons: Sequence[Reason]) -> Risk:
    """The sum, kept within 0 and 100. Reasons that weigh nothing are left out."""
    ranked = sorted((one for one in reasons if one.weight), key=lambda one: -one.weight)
    total = min(MOST, max(0, sum(one.weight for one in ranked)))
    level = "high" if total >= HIGH else "medium" if total >= MEDIUM else "low"
    return Risk(total, level, tuple(ranked))


def ship_reasons(ship: Shipment) -> list[Reason]:
    """Size, what has no switch of its own, what CI did not say or said badly, and an unsettled candidate."""
    found = []
    if ship.features > 1:
        found.append(Reason(min(20, 4 * (ship.features - 1)), f"{counted(ship.features, 'feature')} ship together"))
    if ship.products > 1:
        found.append(Reason(min(16, 8 * (ship.products - 1)), f"{counted(ship.products, 'product')} change at once"))
    if ship.bare:
        verb = "has" if len(ship.bare) == 1 else "have"
        found.append(Reason(min(20, 10 * len(ship.bare)), f"{_some(ship.bare)} {verb} no flag to turn off alone"))
    for build in ship.builds:
        found += _checks(build)
    if ship.replaced:
        times = "once" if ship.replaced == 1 else f"{ship.replaced} times"
        found.append(Reason(min(9, 3 * ship.replaced), f"The candidate was replaced {times}"))
    if not ship.way_back:
        found.append(Reason(10, "The way back is not written"))
    return found


_FAILED = {
    CheckKind.REGRESSION: (25, "The regression suite failed on {0}"),
    CheckKind.DATABASE: (25, "Old and new version do not get along on the database of {0}"),
    CheckKind.SECURITY: (15, "The security scan failed on {0}"),
    CheckKind.PERFORMANCE: (12, "The performance check failed on {0}"),
}
_SILENT = {
    CheckKind.REGRESSION: (15, "No regression suite was reported for {0}"),
    CheckKind.DATABASE: (10, "Nobody checked whether old and new version get along on the database of {0}"),
    CheckKind.SECURITY: (5, "No security scan was reported for {0}"),
    CheckKind.PERFORMANCE: (4, "No performance check was reported for {0}"),
}


def _checks(build: Checked) -> list[Reason]:
    found = []
    for kind in CheckKind:
        status = build.checks.get(kind, "")
        if status != "pass":
            weight, form = (_FAILED if status else _SILENT)[kind]
            found.append(Reason(weight, form.format(build.version)))
    return found


def _some(names: Sequence[str]) -> str:
    return join(names) if len(names) < 3 else f"{len(names)} features"
