"""How the demo's search service asks which flags are on: through OpenFeature's own OFREP provider, as any server would.

It passes the build that it is, so flags that follow the route are on for whoever it serves. One in `ONE_IN` searches
asks, beside its answer: what is shown here is that flags decide, not how fast.
"""

from __future__ import annotations

import json
import queue
import random
import threading
import time
from pathlib import Path
from typing import Any

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

ONE_IN = 30
PATIENCE = 5.0
"""Seconds between looks for the key: the story that issues it is loaded after this service has started."""


class Asker(threading.Thread):
    """Asks for whoever is put into its line; when that is full, somebody is not asked for."""

    def __init__(self, notes: Path, build: str) -> None:
        super().__init__(name="flags", daemon=True)
        self.notes, self.build = notes, build
        self.waiting: queue.Queue[str] = queue.Queue(maxsize=20)
        self.answers: dict[str, Any] = {}

    def perhaps(self, user: str) -> None:
        """One in `ONE_IN` times."""
        if user and random.randrange(ONE_IN) == 0 and not self.waiting.full():
            self.waiting.put_nowait(user)

    def run(self) -> None:
        client = self._client()
        while True:
            user = self.waiting.get()
            context = EvaluationContext(user, self._about(user))
            self.answers = {
                "search-typo": client.get_boolean_value("search-typo", False, context),
                "search-instant": client.get_boolean_value("search-instant", False, context),
                "search-ranking": client.get_boolean_value("search-ranking", False, context),
                "button-colour": client.get_string_value("button-colour", "#1c2b33", context),
                "page-size": client.get_integer_value("page-size", 20, context),
            }

    def _client(self) -> OpenFeatureClient:
        while not (found := self._found()):
            time.sleep(PATIENCE)
        site, key = found
        api.set_provider(OFREPProvider(site, headers_factory=lambda: {"Authorization": f"Bearer {key}"}))
        return api.get_client()

    def _found(self) -> tuple[str, str] | None:
        try:
            content = json.loads(self.notes.read_text())
            return content["addresses"]["site"], content["flag_keys"]["storefront-server"]
        except (OSError, ValueError, KeyError):
            return None

    def _about(self, user: str) -> dict[str, Any]:
        """The same person is always from the same place, with the same app."""
        chance = random.Random(user)
        email = f"{user}@{chance.choice(['storefront.example', *['mail.example'] * 19])}"
        version = chance.choice(["3.0.1", "3.1.0", "3.2.0", "3.3.4"])
        country = chance.choice(["DE", "DE", "FR", "JP", "AQ"])
        return {"build": self.build, "email": email, "country": country, "app": {"version": version}}
