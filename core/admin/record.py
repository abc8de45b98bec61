"""The record and the outbox: to be looked at."""

from django.contrib import admin

from core.admin.base import FactAdmin
from core.models import AuditAnchor, AuditEntry, AuditStream, AuditText, OutboxMessage


@admin.register(AuditEntry)
class AuditEntryAdmin(FactAdmin):
    list_display = ("at", "stream", "seq", "action", "subject", "actor")
    list_filter = ("action",)
    search_fields = ("stream__key", "subject", "action")
    list_select_related = ("actor",)
    date_hierarchy = "at"


@admin.register(AuditText)
class AuditTextAdmin(FactAdmin):
    list_display = ("entry", "field", "text", "erased_at")
    list_filter = ("field",)
    search_fields = ("entry__stream__key", "text")
    list_select_related = ("entry",)


@admin.register(AuditStream)
class AuditStreamAdmin(FactAdmin):
    list_display = ("key", "seq", "head")
    search_fields = ("key",)


@admin.register(AuditAnchor)
class AuditAnchorAdmin(FactAdmin):
    list_display = ("at", "key_id", "signature")
    list_filter = ("key_id",)
    date_hierarchy = "at"


@admin.register(OutboxMessage)
class OutboxMessageAdmin(FactAdmin):
    list_display = ("created_at", "recipient", "kind", "subject", "attempts", "sent_at", "failed_at")
    list_filter = ("kind", "sent_at", "failed_at")
    search_fields = ("subject", "recipient__email", "subject_key")
    list_select_related = ("recipient",)
    date_hierarchy = "created_at"
