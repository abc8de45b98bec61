"""``/elements/``: every part of a screen in every state, and when to use which."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock, samples
from core.access import signed_in, who_may
from core.choices import RoleKind
from core.models import AuditEntry
from core.topics import readable


@who_may("who builds it: staff, and engineers of any product")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    if not (user.is_staff or user.roles.filter(kind=RoleKind.ENGINEER).exists()):
        raise PermissionDenied
    now = clock.now()
    context: dict[str, Any] = {
        "samples": samples,
        "gates": samples.gates(now),
        "form": samples.SampleForm(auto_id="fresh_%s"),
        "wrong": samples.SampleForm({"verdict": "refuse", "place": "staging"}, auto_id="wrong_%s"),
        "entries": AuditEntry.objects.filter(readable(user)).order_by("-at")[:4],
        "now": now,
    }
    return render(request, "core/elements.html", context)
