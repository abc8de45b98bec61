"""Asking a source with bounded patience: one that hangs must not keep the other KPIs from being judged."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TypeVar

ANSWERS_WITHIN = 5.0
"""Seconds. Sources bound their own requests below that; this is for those that forgot to."""

T = TypeVar("T")
_hanging: dict[str, Thread] = {}
_lock = Lock()


def ask(alias: str, read: Callable[[], T], within: float = ANSWERS_WITHIN) -> T:
    """What `read` returns or raises. Raises TimeoutError if it takes longer, and at once while an earlier call to the
    same `alias` still hangs in this process.
    """
    with _lock:
        before = _hanging.get(alias)
    if before is not None and before.is_alive():
        raise TimeoutError(f"{alias} still has not answered an earlier question.")
    answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            answers.put((read(), None))
        except BaseException as error:
            answers.put((None, error))

    thread = Thread(target=run, name=f"source-{alias}", daemon=True)
    thread.start()
    try:
        answer, error = answers.get(timeout=within)
    except Empty:
        with _lock:
            _hanging[alias] = thread
        raise TimeoutError(f"{alias} has not answered within {within:g} s.") from None
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]
