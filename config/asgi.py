"""The ASGI entry: flag evaluation and readiness from memory, everything else by Django."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
site = get_asgi_application()

from flags.ofrep import PATHS  # noqa: E402  (models need the set-up above)
from flags.ofrep import application as flags  # noqa: E402
from flags.ofrep.wire import Receive, Scope, Send  # noqa: E402


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """What `PATHS` name, `/readyz` and lifespan (which Django does not know) go to the flags, the rest to the site."""
    path: Any = scope.get("path", "")
    if scope["type"] != "http" or path == "/readyz" or path.startswith(PATHS):
        await flags(scope, receive, send)
    else:
        await site(dict(scope), receive, send)  # type: ignore[arg-type]
