"""Digests as the screens and the record write them."""


def short(digest: str) -> str:
    """``sha256:4be1…c902``: enough to compare by eye."""
    kind, colon, value = digest.rpartition(":")
    return digest if len(value) <= 12 else f"{kind}{colon}{value[:4]}…{value[-4:]}"
