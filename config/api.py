"""``/api/v1/``: what pipelines and scripts may do, described at ``/api/v1/openapi.json``."""

import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DataError, OperationalError
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer
from psycopg import errors as postgres

from core.access import public, who_may
from core.errors import Refused
from core.models import ApiToken
from core.problems import pointer, problem
from flags.api import router as flags
from releases.api import router as releases
from rollouts.api import router as rollouts

log = logging.getLogger(__name__)


class TokenAuth(HttpBearer):
    """``Authorization: Bearer slw_…``. `request.auth` is the token: it acts as `token.user`, within `token.product`,
    and opens nothing once that person has no role there any more.
    """

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        return (
            ApiToken.objects.select_related("user", "product")
            .filter(digest=ApiToken.hash(token), revoked_at=None, user__is_active=True)
            .filter(user__roles__product=F("product"))
            .first()
        )


api = NinjaAPI(
    title="Slipway",
    version="1",
    description=(
        "Register builds, checks and deployments from CI, ask whether a release may go on, start and stop rollouts. "
        "A token acts as one person or pipeline in one product. Errors are RFC 9457 problem+json and name the field."
    ),
    docs_url=None,  # the usual viewers want inline scripts or somebody else's server
    auth=TokenAuth(),
    urls_namespace="api",
)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What does not fit its declared form: 422, with every field that is wrong."""
    found = [_field_error(one) for one in error.errors]
    names = ", ".join(dict.fromkeys(str(one.get("pointer") or one.get("parameter")) for one in found))
    return problem(422, f"Nothing was done. Wrong: {names}.", errors=found, title="That does not fit")


def _field_error(error: dict[str, Any]) -> dict[str, Any]:
    place, *steps = error["loc"]
    said = str(error["msg"])
    if place in {"body", "form", "file"}:
        return {"pointer": pointer(*(steps[1:] if len(steps) > 1 else [])), "detail": said}
    return {"parameter": str(steps[-1]) if steps else str(place), "in": str(place), "detail": said}


@api.exception_handler(Refused)
def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """An action said no: 422, 403 or 409, with its own sentence."""
    errors = [{"pointer": pointer(*error.field.split(".")), "detail": error.sentence}] if error.field else []
    return problem(error.status, error.sentence, errors=errors)


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "There is no such thing, or this token may not see it.")


@api.exception_handler(AuthenticationError)
def not_signed_in(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(401, "This needs a valid token: Authorization: Bearer slw_…")


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, error.message)


@api.exception_handler(RequestDataTooBig)
def too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(413, "The request is larger than is accepted here.")


@api.exception_handler(DataError)
def not_storable(request: HttpRequest, error: DataError) -> HttpResponse:
    return problem(422, "A value cannot be stored: too large a number, or a character that is none. Nothing was done.")


@api.exception_handler(OperationalError)
def busy(request: HttpRequest, error: OperationalError) -> HttpResponse:
    if isinstance(error.__cause__, postgres.LockNotAvailable | postgres.DeadlockDetected):
        return problem(409, "Somebody else is changing this at this moment. Nothing was done; try again.")
    log.exception("the database did not answer")
    return problem(503, "The database does not answer. Nothing was done.")


@api.exception_handler(Exception)
def broken(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("an API request failed")
    return problem(500, "Something is wrong here, not with the request. Nothing was done.")


api.add_router("", flags)
api.add_router("", releases)
api.add_router("", rollouts)


@public("leads to the description")
@require_safe
def root(request: HttpRequest) -> HttpResponse:
    return redirect("api:openapi-json")


def _addresses() -> tuple[list[Any], str, str]:
    """Ninja's views, each saying who may. Their login is the token, so the site's own is not asked for."""
    patterns, app, namespace = api.urls
    kept: list[Any] = [pattern for pattern in patterns if getattr(pattern, "name", "") != "api-root"]  # wants docs
    for pattern in kept:
        described = pattern.name == "openapi-json"
        mark = public("the description holds no secrets") if described else who_may("the holder of a valid token")
        mark(pattern.callback).login_required = False
    return [path("", root, name="api-root"), *kept], app, namespace


addresses = _addresses()
