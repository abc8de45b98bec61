"""The admin site for engineers: what a gate or the seal reads is read-only here, and what changes is on the record."""

from django.contrib import admin

from core.admin import people, record
from core.admin.base import AuditedAdmin, FactAdmin, SaysNo

__all__ = ["AuditedAdmin", "FactAdmin", "SaysNo", "people", "record"]

admin.site.site_header = "Slipway administration"
admin.site.site_title = "Slipway"
admin.site.index_title = "For engineers: everything else happens on the site itself"
admin.site.site_url = "/"
