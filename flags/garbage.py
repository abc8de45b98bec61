"""Python's collector of garbage goes through all that is new again and again while much is built that stays, and nobody
is answered meanwhile: seconds for ten thousand flags.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Build without it. Two threads may: whoever ends first has it begin again, which costs time and nothing else."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
