"""Engineers' view of this room. Who has a flag is what gates read, so it is only looked at here; words and keys change
through the same actions as everywhere.
"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from core.access import signed_in
from core.admin import FactAdmin, SaysNo
from flags import actions, keys
from flags.choices import KeyKind
from flags.models import (
    CleanUp,
    CodeReference,
    CodeScan,
    Flag,
    FlagKey,
    FlagSet,
    FlagState,
    FlagUsage,
    FlagVersion,
    PlannedChange,
    Segment,
    ServingProcess,
)

WORDS = ("name", "description", "owner", "kind", "tags", "expected_removal")
FIXED = ("product", "key", "type", "seed", "salt", "for_clients", "claim", "claim_label", "created_at", "archived_at")


@admin.register(Flag)
class FlagAdmin(SaysNo):
    list_display = ("key", "product", "name", "type", "kind", "owner", "claim_label", "created_at", "archived_at")
    list_filter = ("product", "type", "kind", "for_clients")
    search_fields = ("key", "name", "claim_label")
    list_select_related = ("product", "owner")
    fields = (*FIXED[:3], *WORDS, *FIXED[3:])
    readonly_fields = FIXED

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False  # the flags page does it

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        changes = {field: form.cleaned_data[field] for field in form.changed_data if field in WORDS}
        actions.describe_flag(flag=obj, actor=signed_in(request), **changes)


@admin.register(FlagState)
class FlagStateAdmin(FactAdmin):
    list_display = (
        *("flag", "environment", "enabled", "withheld", "carrier", "weight", "build"),
        *("version", "changed_at"),
    )
    list_filter = ("environment", "carrier", "enabled")
    search_fields = ("flag__key", "build")
    list_select_related = ("flag", "environment__product")


@admin.register(FlagSet)
class FlagSetAdmin(FactAdmin):
    list_display = ("environment", "version", "second_person")
    list_filter = ("environment__product",)
    search_fields = ("environment__name", "environment__product__name")
    list_select_related = ("environment__product",)


@admin.register(ServingProcess)
class ServingProcessAdmin(FactAdmin):
    list_display = ("process", "environment", "version", "seen_at")
    list_filter = ("environment",)
    search_fields = ("process",)
    list_select_related = ("environment__product",)


@admin.register(FlagKey)
class FlagKeyAdmin(SaysNo):
    list_display = ("name", "prefix", "environment", "kind", "created_at", "revoked_at")
    list_filter = ("environment", "kind", "revoked_at")
    search_fields = ("name", "prefix")
    list_select_related = ("environment__product",)
    fields = ("environment", "kind", "name")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = form.cleaned_data
        row, text = keys.issue_key(
            environment=given["environment"], kind=KeyKind(given["kind"]), name=given["name"], actor=signed_in(request)
        )
        obj.pk = row.pk
        messages.warning(request, f"The key, shown this once: {text}")

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[FlagKey]) -> None:
        for key in queryset.select_related("environment__product"):
            keys.revoke_key(key=key, actor=signed_in(request))


@admin.register(Segment)
class SegmentAdmin(FactAdmin):
    list_display = ("key", "product", "name", "edition", "created_at")
    list_filter = ("product",)
    search_fields = ("key", "name")
    list_select_related = ("product",)


@admin.register(FlagVersion)
class FlagVersionAdmin(FactAdmin):
    list_display = ("flag", "environment", "version", "entry")
    list_filter = ("environment",)
    search_fields = ("flag__key",)
    list_select_related = ("flag", "environment__product", "entry")


@admin.register(PlannedChange)
class PlannedChangeAdmin(FactAdmin):
    list_display = ("flag", "environment", "state", "asked_by", "due_at", "decided_by", "decided_at")
    list_filter = ("state", "environment")
    search_fields = ("flag__key",)
    list_select_related = ("flag", "environment__product", "asked_by", "decided_by")


@admin.register(FlagUsage)
class FlagUsageAdmin(FactAdmin):
    list_display = ("flag", "environment", "variant", "day", "by_name", "count", "last_at")
    list_filter = ("environment", "by_name")
    search_fields = ("flag__key",)
    list_select_related = ("flag", "environment__product")


@admin.register(CodeScan)
class CodeScanAdmin(FactAdmin):
    list_display = ("repository", "product", "commit", "at", "by")
    list_filter = ("product",)
    search_fields = ("repository",)
    list_select_related = ("product", "by")


@admin.register(CodeReference)
class CodeReferenceAdmin(FactAdmin):
    list_display = ("key", "file", "line", "scan")
    search_fields = ("key", "file")
    list_select_related = ("scan",)


@admin.register(CleanUp)
class CleanUpAdmin(FactAdmin):
    list_display = ("flag", "owner", "asked_by", "asked_at", "done_at")
    search_fields = ("flag__key",)
    list_select_related = ("flag", "owner", "asked_by")
