"""Whether this process serves, and whether it reaches its database: for load balancers and for `make run`."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from core.access import public


@public("a load balancer has no account, and learns nothing but up or down")
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 with {"status": "ok"}; 503 while PostgreSQL does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    return JsonResponse({"status": "ok"})
