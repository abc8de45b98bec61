"""Engineers' view of this room. Facts and whatever gates or the seal read are only looked at; slots and freezes change
through the same actions as everywhere.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from core.access import signed_in
from core.admin import FactAdmin, SaysNo
from releases import actions
from releases.models import Build, Candidate, Check, Deployment, Feature, FeatureLink, Freeze, Release, Slot


@admin.register(Build)
class BuildAdmin(FactAdmin):
    list_display = ("version", "product", "digest", "commit", "author", "registered_at")
    list_filter = ("product", "registered_at")
    search_fields = ("version", "digest", "commit")
    list_select_related = ("product", "author")


@admin.register(Check)
class CheckAdmin(FactAdmin):
    list_display = ("build", "kind", "status", "summary", "reported_by", "reported_at")
    list_filter = ("kind", "status", "build__product")
    search_fields = ("build__version", "build__digest", "summary")
    list_select_related = ("build", "reported_by")


@admin.register(Deployment)
class DeploymentAdmin(FactAdmin):
    list_display = ("build", "environment", "slot", "deployed_by", "deployed_at")
    list_filter = ("environment", "deployed_at")
    search_fields = ("build__version", "build__digest")
    list_select_related = ("build", "environment__product", "slot__environment__product", "deployed_by")


@admin.register(Release)
class ReleaseAdmin(FactAdmin):
    list_display = ("name", "product", "kind", "status", "manager", "features_in_it", "created_at", "finished_at")
    list_filter = ("status", "kind", "product")
    search_fields = ("name", "summary")
    list_select_related = ("product", "manager")
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Release]:
        return super().get_queryset(request).annotate(size=Count("features"))  # type: ignore[no-any-return]

    @admin.display(description="features", ordering="size")
    def features_in_it(self, release: Any) -> int:
        return int(release.size)


@admin.register(Candidate)
class CandidateAdmin(FactAdmin):
    list_display = ("release", "product", "build", "set_by", "set_at")
    list_filter = ("product", "release__status")
    search_fields = ("release__name", "build__version", "build__digest")
    list_select_related = ("release", "product", "build", "set_by")


@admin.register(Feature)
class FeatureAdmin(FactAdmin):
    list_display = ("name", "release", "owner", "no_flag_reason")
    list_filter = ("release__status", "release__product")
    search_fields = ("name", "description", "flags__key")
    list_select_related = ("release", "owner")


@admin.register(FeatureLink)
class FeatureLinkAdmin(FactAdmin):
    list_display = ("feature", "kind", "other")
    list_filter = ("kind", "feature__release__product")
    search_fields = ("feature__name", "other__name")
    list_select_related = ("feature", "other")


@admin.register(Slot)
class SlotAdmin(SaysNo):
    """A slot is never deleted: deployments tell of it."""

    list_display = ("environment", "name", "version_url", "observed_digest", "observed_at", "observed_problem")
    list_filter = ("environment",)
    search_fields = ("name", "version_url", "observed_digest")
    list_select_related = ("environment__product",)
    fields = ("environment", "name", "version_url", "observed_digest", "observed_at", "observed_problem")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        observed = ("observed_digest", "observed_at", "observed_problem")
        return (*observed, "environment", "name") if obj else observed

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        actor = signed_in(request)
        if change:
            actions.change_slot(slot=obj, version_url=obj.version_url, actor=actor)
            return
        slot = actions.add_slot(environment=obj.environment, name=obj.name, version_url=obj.version_url, actor=actor)
        obj.pk = slot.pk


@admin.register(Freeze)
class FreezeAdmin(SaysNo):
    """Added and lifted, never edited."""

    list_display = ("product", "reason", "starts_at", "ends_at", "lifted_at", "created_by")
    list_filter = ("product", "lifted_at")
    search_fields = ("reason",)
    list_select_related = ("product", "created_by")
    fields = ("product", "reason", "starts_at", "ends_at")
    actions = ("lift",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = {field: form.cleaned_data[field] for field in self.fields}
        obj.pk = actions.add_freeze(**given, actor=signed_in(request)).pk

    @admin.action(description="Lift", permissions=["change"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Freeze]) -> None:
        for freeze in queryset.order_by("product_id", "pk"):
            actions.lift_freeze(freeze=freeze, actor=signed_in(request))
