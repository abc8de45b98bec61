"""Announcing a change to whoever watches: a PostgreSQL NOTIFY in the writing transaction, so it is sent exactly on
commit and never for a rollback. Events carry names only; who hears one fetches what it may see.
"""

import json

from django.db import connection

CHANNEL = "slipway"


def announce(topic: str, name: str = "changed") -> None:
    """Tell watchers of `topic` (``release:7``, ``rollout:3``, ``flags:2``) that `name` happened."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps([topic, name])])
