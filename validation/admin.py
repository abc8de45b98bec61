"""Engineers' view of this room. Results and findings are looked at; scenarios are added through their action."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from core.access import signed_in
from core.admin import FactAdmin
from validation import actions
from validation.models import (
    Finding,
    FindingEvent,
    FindingNote,
    Result,
    ResultNote,
    Run,
    Scenario,
    StepNote,
    StepResult,
)


@admin.register(Scenario)
class ScenarioAdmin(FactAdmin):
    list_display = ("title", "release", "feature", "order", "version", "retired_at")
    list_filter = ("release__product", "release")
    search_fields = ("title", "release__name", "feature__name")
    list_select_related = ("release", "feature")
    fields = ("release", "feature", "title", "story", "steps", "minutes")

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return bool(request.user.is_staff)

    def save_model(self, request: HttpRequest, obj: Scenario, form: Any, change: bool) -> None:
        made = actions.write_scenario(
            release=obj.release,
            title=obj.title,
            story=obj.story,
            steps=obj.steps or [],
            feature=obj.feature,
            minutes=obj.minutes,
            actor=signed_in(request),
        )
        obj.pk = made.pk


@admin.register(Run)
class RunAdmin(FactAdmin):
    list_display = ("id", "release", "build", "environment", "tester", "started_at", "finished_at")
    list_filter = ("release__product", "environment")
    search_fields = ("release__name", "build__version", "tester__name")
    list_select_related = ("release", "build", "environment__product", "tester")


@admin.register(Result)
class ResultAdmin(FactAdmin):
    list_display = ("at", "scenario", "status", "run")
    list_filter = ("status", "run__release__product")
    search_fields = ("scenario__title", "run__release__name", "run__build__version")
    list_select_related = ("scenario", "run__build")
    date_hierarchy = "at"


@admin.register(ResultNote)
class ResultNoteAdmin(FactAdmin):
    list_display = ("result", "text")
    list_filter = ("result__status",)
    search_fields = ("text",)
    list_select_related = ("result__scenario",)


@admin.register(StepResult)
class StepResultAdmin(FactAdmin):
    list_display = ("at", "scenario", "step", "status", "run")
    list_filter = ("status", "run__release__product")
    search_fields = ("scenario__title", "run__release__name", "run__build__version")
    list_select_related = ("scenario", "run__build")
    date_hierarchy = "at"


@admin.register(StepNote)
class StepNoteAdmin(FactAdmin):
    list_display = ("result", "text")
    list_filter = ("result__status",)
    search_fields = ("text",)
    list_select_related = ("result__scenario",)


@admin.register(Finding)
class FindingAdmin(FactAdmin):
    list_display = ("title", "severity", "release", "build", "scenario")
    list_filter = ("severity", "release__product")
    search_fields = ("title", "release__name", "build__version")
    list_select_related = ("release", "build", "scenario")


@admin.register(FindingEvent)
class FindingEventAdmin(FactAdmin):
    list_display = ("at", "finding", "verb", "by")
    list_filter = ("verb", "finding__release__product")
    search_fields = ("finding__title",)
    list_select_related = ("finding", "by")
    date_hierarchy = "at"


@admin.register(FindingNote)
class FindingNoteAdmin(FactAdmin):
    list_display = ("event", "text")
    list_filter = ("event__verb",)
    search_fields = ("text",)
    list_select_related = ("event__finding",)
