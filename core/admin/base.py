"""Two kinds of admin pages: facts, which are only looked at, and the rest, which is audited."""

from typing import Any

from django.contrib import admin, messages
from django.db import models, transaction
from django.http import HttpRequest, HttpResponseRedirect

from core import audit
from core.access import signed_in
from core.errors import Refused


class SaysNo(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for the type checker only
    """Actions called from an admin page may refuse: the page says why, and nothing is saved. What is done is told by
    the record alone: Django's own log would keep names that cannot be erased.
    """

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._or_say(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._or_say(request, super().delete_view, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._or_say(request, super().changelist_view, *args, **kwargs)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Not kept."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Not kept."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Not kept."""

    def _or_say(self, request: HttpRequest, view: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            with transaction.atomic():
                return view(request, *args, **kwargs)
        except Refused as refused:
            messages.error(request, f"Not done. {refused.sentence}")
            return HttpResponseRedirect(request.get_full_path())


class FactAdmin(SaysNo):
    """Looked at, never touched: append-only rows, and what gates and the seal read."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff)


class AuditedAdmin(SaysNo):
    """Whatever is added, changed or deleted is recorded: which fields, never their values. The record is written in the
    transaction of the change. Override `stream` where another stream tells the story (``product:2``).
    """

    def stream(self, obj: models.Model) -> str:
        return f"{obj._meta.model_name}:{obj.pk}"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        action = "admin_changed" if change else "admin_added"
        self.note(request, obj, action, fields=sorted(form.changed_data))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.note(request, obj, "admin_deleted")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with transaction.atomic():
            for obj in queryset:
                self.delete_model(request, obj)

    def note(self, request: HttpRequest, obj: models.Model, action: str, **data: Any) -> None:
        kind = obj._meta.model_name or ""
        audit.record(
            stream=self.stream(obj),
            actor=signed_in(request),
            action=action,
            subject=f"{kind}:{obj.pk}",
            data={"kind": str(obj._meta.verbose_name), "id": obj.pk, **data},
        )
