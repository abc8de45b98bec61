"""Weights: how much of the traffic or of the users has the new thing. One unit everywhere: parts per 100 000."""

from decimal import Decimal

FULL = 100_000


def typed_percent(text: str) -> Decimal:
    """As people write it: ``12.5``, ``12,5`` or ``12.5 %``. Raises ValueError for what is no number."""
    try:
        found = Decimal(text.strip().removesuffix("%").strip().replace(",", "."))
    except ArithmeticError as error:
        raise ValueError(text) from error
    if not found.is_finite():
        raise ValueError(text)
    return found


def as_percent(weight: int) -> str:
    """`5000` → ``5 %`` (no-break space); up to three decimals, none that say nothing."""
    digits = f"{weight * 100 / FULL:.3f}".rstrip("0").rstrip(".")
    return f"{digits}\u00a0%"
