"""Being asked to stop. ASGI tells an application only after its last request has ended, and a stream never ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any


def before(call: Callable[[], None]) -> None:
    """Have `call` called in the running event loop when the server is asked to stop, just before what the server does
    about it. Where the server listens for signals in another way nothing happens, and it ends streams as it can.
    """
    loop = asyncio.get_running_loop()
    handlers: dict[int, Any] = getattr(loop, "_signal_handlers", {})  # there is no public way to keep the server's own
    for number in (signal.SIGINT, signal.SIGTERM):
        theirs = handlers.get(number)
        if theirs is not None:
            loop.add_signal_handler(number, _both, call, theirs)


def _both(call: Callable[[], None], theirs: Any) -> None:
    try:
        call()
    finally:
        theirs._run()
