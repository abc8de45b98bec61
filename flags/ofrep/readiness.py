"""Whether this process can answer, and how old its answers are."""

from __future__ import annotations

import orjson

from flags import serving
from flags.ofrep import stream
from flags.ofrep.wire import Answer, Scope, problem


def answer(scope: Scope) -> Answer:
    if scope["method"] not in ("GET", "HEAD"):
        return Answer(405, problem("Readiness is read by GET."), ((b"allow", b"GET, HEAD"),))
    holder = serving.holder
    ready = bool(holder.houses) or holder.connected
    facts = {
        "ready": ready,
        "database": "reached" if holder.follows else "not reached",
        "flags": {
            "environments": len(holder.houses),
            "age_seconds": round(holder.age) if holder.checked_at else None,
        },
        "streams": len(stream.open_streams),
        "evaluations": holder.tally.total,
    }
    return Answer(200 if ready else 503, orjson.dumps(facts), ((b"cache-control", b"no-store"),))
