"""Weights: how much of the traffic or of the users has the new thing. One unit everywhere: parts per 100 000."""

FULL = 100_000


def as_percent(weight: int) -> str:
    """`5000` → ``5 %`` (no-break space); up to three decimals, none that say nothing."""
    digits = f"{weight * 100 / FULL:.3f}".rstrip("0").rstrip(".")
    return f"{digits}\u00a0%"
