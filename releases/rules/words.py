"""Lists as the screens write them."""

from collections.abc import Sequence


def join(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def counted(number: int, word: str) -> str:
    """``1 feature``, ``3 features``."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def asked_again(stages: Sequence[str], what: str = "This") -> str:
    """What changing `what` does to signatures that count now; nothing where nobody signed."""
    return f"{what} changes what was signed: {join(stages)} will be asked again." if stages else ""
