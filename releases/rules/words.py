"""Digests and lists as the screens write them."""

from collections.abc import Sequence


def short(digest: str) -> str:
    """``sha256:4be1…c902``: enough to compare by eye."""
    kind, colon, value = digest.rpartition(":")
    return digest if len(value) <= 12 else f"{kind}{colon}{value[:4]}…{value[-4:]}"


def join(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
