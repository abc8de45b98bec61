"""Engineers' view of this room. What gates and the seal read changes through the same actions as everywhere."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from approvals import actions
from approvals.models import (
    ChecklistItem,
    Decision,
    DecisionReason,
    Delegation,
    Policy,
    Remark,
    RemarkText,
    Seal,
    SignoffRequest,
    Stage,
    Tick,
    TickEvidence,
    Told,
    Watch,
)
from core.access import signed_in
from core.admin import FactAdmin


class StageInline(admin.TabularInline):  # type: ignore[type-arg]  # generic for the type checker only
    model = Stage
    extra = 2
    fields = ("name", "team", "order", "quorum", "due_hours", "covers")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and request.user.is_staff)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_staff)


@admin.register(Policy)
class PolicyAdmin(FactAdmin):
    """A policy is never edited: adding one writes the product's next version, as its owner."""

    list_display = ("product", "version", "created_by", "created_at")
    list_filter = ("product",)
    search_fields = ("product__name", "stages__name")
    list_select_related = ("product", "created_by")
    inlines = (StageInline,)
    fields = ("product",)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return bool(request.user.is_staff)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing yet: the stages are needed too, see `save_related`."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        (formset,) = formsets
        rows = [row for row in formset.cleaned_data if row.get("name")]
        fields = ("name", "team", "order", "quorum", "due_hours", "covers")
        specs = [
            actions.StageSpec(**{field: row[field] for field in fields} | {"covers": row["covers"] or []})
            for row in rows
        ]
        policy = actions.set_policy(product=form.instance.product, stages=specs, actor=signed_in(request))
        form.instance.pk, form.instance.version = policy.pk, policy.version
        formset.new_objects, formset.changed_objects, formset.deleted_objects = list(policy.stages.all()), [], []


@admin.register(Stage)
class StageAdmin(FactAdmin):
    list_display = ("name", "policy", "team", "order", "quorum", "due_hours")
    list_filter = ("policy__product",)
    search_fields = ("name", "team__name")
    list_select_related = ("policy__product", "team")


@admin.register(ChecklistItem)
class ChecklistItemAdmin(FactAdmin):
    list_display = ("text", "release", "team", "check_kind", "order")
    list_filter = ("release__product", "team", "check_kind")
    search_fields = ("text", "release__name")
    list_select_related = ("release", "team")
    fields = ("release", "text", "team", "check_kind")

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return bool(request.user.is_staff)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_staff)

    def save_model(self, request: HttpRequest, obj: ChecklistItem, form: Any, change: bool) -> None:
        made = actions.add_item(
            release=obj.release, text=obj.text, team=obj.team, check_kind=obj.check_kind, actor=signed_in(request)
        )
        obj.pk, obj.order = made.pk, made.order

    def delete_model(self, request: HttpRequest, obj: ChecklistItem) -> None:
        actions.remove_item(item=obj, actor=signed_in(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ChecklistItem]) -> None:
        for item in queryset:
            self.delete_model(request, item)


@admin.register(Tick)
class TickAdmin(FactAdmin):
    list_display = ("item", "done", "person", "at")
    list_filter = ("done", "item__release__product")
    search_fields = ("item__text", "item__release__name")
    list_select_related = ("item", "person")
    date_hierarchy = "at"


@admin.register(SignoffRequest)
class SignoffRequestAdmin(FactAdmin):
    list_display = ("release", "stage", "asked_by", "asked_at", "due_at")
    list_filter = ("release__product", "stage__name")
    search_fields = ("release__name", "stage__name")
    list_select_related = ("release", "stage", "asked_by")


@admin.register(Decision)
class DecisionAdmin(FactAdmin):
    list_display = ("at", "person", "verdict", "request", "seal")
    list_filter = ("verdict", "request__release__product")
    search_fields = ("request__release__name", "person__name", "seal__digest")
    list_select_related = ("person", "request__release", "request__stage", "seal")
    date_hierarchy = "at"


@admin.register(Seal)
class SealAdmin(FactAdmin):
    list_display = ("digest", "release", "created_at")
    list_filter = ("release__product",)
    search_fields = ("digest", "release__name")
    list_select_related = ("release",)


@admin.register(DecisionReason)
class DecisionReasonAdmin(FactAdmin):
    list_display = ("decision", "text")
    list_filter = ("decision__verdict",)
    search_fields = ("text",)
    list_select_related = ("decision__person",)


@admin.register(TickEvidence)
class TickEvidenceAdmin(FactAdmin):
    list_display = ("tick", "text")
    list_filter = ("tick__done",)
    search_fields = ("text",)
    list_select_related = ("tick__item",)


@admin.register(Delegation)
class DelegationAdmin(FactAdmin):
    list_display = ("at", "request", "giver", "to")
    list_filter = ("request__release__product",)
    search_fields = ("request__release__name", "giver__name", "to__name")
    list_select_related = ("request__release", "request__stage", "giver", "to")
    date_hierarchy = "at"


@admin.register(Remark)
class RemarkAdmin(FactAdmin):
    list_display = ("at", "request", "person", "question")
    list_filter = ("request__release__product",)
    search_fields = ("request__release__name", "person__name")
    list_select_related = ("request__release", "request__stage", "person", "question__person")
    date_hierarchy = "at"


@admin.register(RemarkText)
class RemarkTextAdmin(FactAdmin):
    list_display = ("remark", "text")
    list_filter = ("remark__request__release__product",)
    search_fields = ("text",)
    list_select_related = ("remark__person",)


@admin.register(Told)
class ToldAdmin(FactAdmin):
    list_display = ("at", "person", "request", "seal")
    list_filter = ("request__release__product",)
    search_fields = ("person__name", "request__release__name")
    list_select_related = ("person", "request__release", "request__stage", "seal")
    date_hierarchy = "at"


@admin.register(Watch)
class WatchAdmin(FactAdmin):
    list_display = ("release", "seen_at", "since", "rounds")
    list_filter = ("release__product",)
    search_fields = ("release__name",)
    list_select_related = ("release",)
