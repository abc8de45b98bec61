"""Exact bounds on a share seen k times in n runs (Clopper and Pearson, 1934), by bisection on the binomial tail."""

from math import exp, lgamma, log, log1p


def tail_at_most(k: int, n: int, p: float) -> float:
    """P(X ≤ k) for X binomial(n, p)."""
    if p <= 0 or k >= n:
        return 1.0
    if p >= 1:
        return 0.0
    return sum(
        exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log1p(-p)) for i in range(k + 1)
    )


def upper_bound(k: int, n: int, confidence: float = 0.99) -> float:
    """The largest share under which k or fewer of n would still happen with probability 1 − confidence."""
    if k >= n:
        return 1.0
    low, high = k / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if tail_at_most(k, n, middle) > 1 - confidence else (low, middle)
    return high
