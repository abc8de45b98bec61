"""Lists as the screens write them."""

from collections.abc import Sequence


def join(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
