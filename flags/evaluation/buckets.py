"""Where a user stands: integer arithmetic on MurmurHash3, reproducible anywhere (`docs/flags-evaluation.md`)."""

from __future__ import annotations

from mmh3 import mmh3_32_uintdigest

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
    """MurmurHash3 (x86, 32 bit, seed 0) of the text in UTF-8, unsigned. Encoded here: given a text with half a
    character, which JSON can hold, mmh3 ends the process.
    """
    try:
        return mmh3_32_uintdigest(text.encode())
    except UnicodeEncodeError:
        return mmh3_32_uintdigest(text.encode("utf-8", "surrogatepass"))
