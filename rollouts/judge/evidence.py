"""The e-process: how strongly users' first bad events speak for harm, valid at every look.

The anytime-valid logrank test (Grünwald, Ly, Pérez-Ortiz and ter Schure, "The safe logrank test", 2020). All in logs.
"""

from math import exp, log, log1p

from rollouts.judge.types import Params

HAZARD_RATIOS = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
NOTHING_YET: tuple[float, ...] = (0.0,) * len(HAZARD_RATIOS)
EPOCH_SECONDS = 600.0
SPREAD = 8
"""m: how evenly the epochs share α. With m = 1 the 19th epoch, three hours in, gets 1/190 of what the first gets, and
Wald's bound alone makes harm that begins then more than twice as late to see; with 8 it gets a tenth."""

_LAMBDAS = {False: HAZARD_RATIOS, True: tuple(1 / ratio for ratio in HAZARD_RATIOS)}
_LOGS = {less: tuple(log(ratio) for ratio in ratios) for less, ratios in _LAMBDAS.items()}


def tilted(share: float, params: Params) -> float:
    """The canary's share of those at risk, its odds moved in its favour by the tolerated hazard ratio."""
    tolerated = 1 / (1 + params.tolerance) if params.less_is_bad else 1 + params.tolerance
    return tolerated * share / (tolerated * share + 1 - share)


def multiplied(
    products: tuple[float, ...], share: float, canary: int, stable: int, params: Params
) -> tuple[float, ...]:
    """Fold in `canary` and `stable` events that met a canary share `share` among those at risk.

    Each event multiplies the product of hazard ratio λ by λ/(λs+1−s) on the canary and 1/(λs+1−s) on stable.
    """
    share = tilted(share, params)
    events = canary + stable
    less = params.less_is_bad
    return tuple(
        product + canary * log_ratio - events * log1p(share * (ratio - 1))
        for product, ratio, log_ratio in zip(products, _LAMBDAS[less], _LOGS[less], strict=True)
    )


def log_e_value(products: tuple[float, ...]) -> float:
    """The log of the average of the running products: the evidence against "no worse than stable"."""
    top = max(products)
    return top + log(sum(exp(product - top) for product in products) / len(products))


def log_bound(epoch: int, params: Params) -> float:
    """Log of 1/α_k for epoch k = 1, 2, …: α_k = αm/((k+m−1)(k+m)), which sum to α, shared by the rollout's KPIs."""
    return log((epoch + SPREAD - 1) * (epoch + SPREAD) * params.kpis / (SPREAD * params.alpha))
