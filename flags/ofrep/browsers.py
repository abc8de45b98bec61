"""What browsers want to know before they show an answer to a page of another origin (CORS).

No cookie is ever looked at, so no answer allows credentials; and none says `*`: each key has origins of its own.
"""

from __future__ import annotations

from flags import serving
from flags.ofrep import entrance
from flags.ofrep.wire import Answer, Headers, Lines, Scope, problem

ALLOWED = b"authorization, content-type, if-none-match, last-event-id, x-api-key"
EXPOSED = b"etag, retry-after, slipway-flags-age, slipway-flags-version"
REMEMBER_SECONDS = b"7200"


def other_method(scope: Scope, headers: Headers, method: bytes, said: str) -> Answer:
    """To whatever is not `method`: a browser's question beforehand, or a wrong one."""
    allow = ((b"allow", method + b", OPTIONS"),)
    if scope["method"] != "OPTIONS":
        return Answer(405, problem(said), allow)
    if b"origin" not in headers:
        return Answer(204, headers=allow)
    return preflight(headers, method)


def preflight(headers: Headers, method: bytes) -> Answer:
    """It comes without a key, so it is allowed from wherever any key may be used."""
    if not _is_any_keys(headers[b"origin"]):
        return Answer(403, problem("No key may be used from this origin."))
    return Answer(
        204,
        headers=(
            (b"access-control-allow-methods", method),
            (b"access-control-allow-headers", ALLOWED),
            (b"access-control-max-age", REMEMBER_SECONDS),
        ),
    )


def shared(answer: Answer, headers: Headers) -> Answer:
    """`answer`, readable for the page that asked if its key may be used there."""
    return answer._replace(headers=(*answer.headers, *lines(headers, entrance.digest(headers))))


def lines(headers: Headers, digest: str) -> Lines:
    origin = headers[b"origin"]
    door = serving.holder.doors.by_digest.get(digest)
    admitted = door.admits(origin.decode("latin-1")) if door else _is_any_keys(origin)
    vary = (b"vary", b"origin")
    if not admitted:
        return (vary,)
    return (vary, (b"access-control-allow-origin", origin), (b"access-control-expose-headers", EXPOSED))


def _is_any_keys(origin: bytes) -> bool:
    known = serving.holder.doors.origins
    return "*" in known or origin.decode("latin-1") in known
