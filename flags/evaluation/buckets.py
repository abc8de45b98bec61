"""Where a user stands: integer arithmetic on MurmurHash3, reproducible anywhere (`docs/flags-evaluation.md`)."""

from __future__ import annotations

import mmh3

from core.weights import FULL


def bucket(seed: str, targeting_key: str) -> int:
    """Where a user stands for a seed: 0 … 99 999. MurmurHash3 (x86, 32 bit, seed 0) of ``seed:targetingKey`` in UTF-8,
    unsigned, scaled by multiplication and shift (Lemire's range reduction): no float that could differ by machine.
    """
    return (hashed(f"{seed}:{targeting_key}") * FULL) >> 32


def first_hash(weight: int) -> int:
    """The first 32-bit hash whose bucket is not below `weight`: to compare hashes saves a multiplication per user."""
    return -((-weight << 32) // FULL)


def hashed(text: str) -> int:
    """MurmurHash3 (x86, 32 bit, seed 0) of the text in UTF-8, unsigned."""
    try:
        return mmh3.hash(text, 0, False)
    except UnicodeEncodeError:  # half a character: JSON can hold one
        return mmh3.hash(text.encode("utf-8", "surrogatepass"), 0, False)
