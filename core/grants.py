"""Rights of the role the application runs as: it owns nothing, facts it may only add, their texts only blank."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections, models
from psycopg import sql

from core.models import AppendOnly, AuditStream, AuditText, Kept


def append_only_tables() -> set[str]:
    return {model._meta.db_table for model in apps.get_models() if issubclass(model, AppendOnly)}


def kept_tables() -> set[str]:
    """Rows that change and never go: the streams' heads, and texts and versions, whose erasure leaves the row."""
    kept: list[type[models.Model]] = [AuditStream, AuditText, *map(apps.get_model, settings.ERASABLE_TEXTS)]
    kept += [model for model in apps.get_models() if issubclass(model, Kept)]
    return {model._meta.db_table for model in kept}


def rights(table: str) -> str:
    if table == "django_migrations":
        return "SELECT"
    if table in append_only_tables():
        return "SELECT, INSERT"
    return "SELECT, INSERT, UPDATE" if table in kept_tables() else "SELECT, INSERT, UPDATE, DELETE"


def apply(using: str = "default", **_: Any) -> None:
    """Grant the runtime role what it needs on every table and sequence, and no more. After each migrate, as owner."""
    connection = connections[using]
    role = sql.Identifier(settings.RUNTIME_ROLE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname = current_user FROM pg_roles WHERE rolname = %s", [settings.RUNTIME_ROLE])
        found = cursor.fetchone()
        if found is None or found[0]:
            return  # no such role (a plain database), or migrating as that role: nothing to separate
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
        cursor.execute(sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(role))
        for table in connection.introspection.table_names(cursor):
            name = sql.Identifier(table)
            cursor.execute(sql.SQL("REVOKE ALL ON {} FROM {}, PUBLIC").format(name, role))
            cursor.execute(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights(table)), name, role))
