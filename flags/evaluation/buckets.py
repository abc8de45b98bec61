"""Where a user stands: integer arithmetic on MurmurHash3, reproducible anywhere (`docs/flags-evaluation.md`)."""

from __future__ import annotations

from mmh3 import mmh3_32_uintdigest as hashed

from core.weights import FULL

__all__ = ["bucket", "encoded", "first_hash", "hashed"]


def bucket(seed: str, targeting_key: str) -> int:
    """Where a user stands for a seed: 0 … 99 999. MurmurHash3 (x86, 32 bit, seed 0) of ``seed:targetingKey`` in UTF-8,
    unsigned, scaled by multiplication and shift (Lemire's range reduction): no float that could differ by machine.
    """
    return (hashed(encoded(f"{seed}:{targeting_key}")) * FULL) >> 32


def first_hash(weight: int) -> int:
    """The first 32-bit hash whose bucket is not below `weight`: to compare hashes saves a multiplication per user."""
    return -((-weight << 32) // FULL)


def encoded(text: str) -> bytes:
    """In UTF-8, half a character too, which JSON can hold: given it as a text, mmh3 ends the process."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
