"""Where a user stands: integer arithmetic on MurmurHash3, reproducible anywhere (`docs/flags-evaluation.md`)."""

from __future__ import annotations

import mmh3

from core.weights import FULL


def bucket(seed: str, targeting_key: str) -> int:
    """Where a user stands for a seed: 0 … 99 999. MurmurHash3 (x86, 32 bit, seed 0) of ``seed:targetingKey`` in UTF-8,
    unsigned, scaled by multiplication and shift (Lemire's range reduction): no float that could differ by machine.
    """
    text = f"{seed}:{targeting_key}".encode("utf-8", "surrogatepass")
    return (mmh3.hash(text, 0, signed=False) * FULL) >> 32
