"""People, teams, roles, products and tokens."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse

from core import actions, locks
from core.access import signed_in
from core.admin.base import AuditedAdmin, SaysNo
from core.choices import RoleKind
from core.models import ApiToken, Environment, Product, Role, Team, User

admin.site.unregister(Group)


@admin.register(Group)
class AuditedGroupAdmin(AuditedAdmin, GroupAdmin):
    """Groups carry rights in this admin site only; roles and teams are what counts elsewhere."""


class NewPersonForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "name")


@admin.register(User)
class PersonAdmin(AuditedAdmin, UserAdmin):  # type: ignore[type-arg]
    """Only superusers change people. Nobody is deleted here: `manage.py erase_person` forgets, and keeps the record."""

    add_form = NewPersonForm
    list_display = ("email", "name", "is_active", "is_staff", "is_service", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "is_service", "roles__product", "roles__kind")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "created_at", "erased_at")
    filter_horizontal = ("groups", "user_permissions")
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "timezone", "theme")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "is_service", "groups", "user_permissions")}),
        ("When", {"fields": ("last_login", "created_at", "erased_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    def stream(self, obj: models.Model) -> str:
        return f"person:{obj.pk}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.email = obj.email.lower()
        if change:  # whether a signature counts depends on its signer being active
            for product_id in sorted(set(obj.roles.values_list("product_id", flat=True))):
                locks.product_exclusive(product_id)
        super().save_model(request, obj, form, change)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """A password set for somebody else opens their signature: it is on the record like everything here."""
        with transaction.atomic():
            before = User.objects.select_for_update(of=("self",)).filter(pk=id).first() if id.isdecimal() else None
            answer: HttpResponse = super().user_change_password(request, id, form_url)
            after = User.objects.filter(pk=before.pk).first() if before else None
            if before and after and before.password != after.password:
                self.note(request, after, "admin_changed", fields=["password"])
        return answer


@admin.register(Product)
class ProductAdmin(AuditedAdmin):
    list_display = ("name", "slug", "timezone", "created_at")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            locks.product_exclusive(obj.pk)
        super().save_model(request, obj, form, change)


@admin.register(Environment)
class EnvironmentAdmin(AuditedAdmin):
    """Whose it is and whether it is production stays: claims bind in production, and flags are on in the others."""

    list_display = ("name", "product", "slug", "is_production", "order")
    list_filter = ("product", "is_production")
    search_fields = ("name", "slug", "product__name")
    list_select_related = ("product",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("product", "is_production") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def stream(self, obj: models.Model) -> str:
        return f"product:{obj.product_id}"  # type: ignore[attr-defined]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        locks.product_exclusive(obj.product_id)
        super().save_model(request, obj, form, change)


@admin.register(Team)
class TeamAdmin(AuditedAdmin):
    """Joining and leaving go through the same actions as everywhere; a team stays with its product."""

    list_display = ("name", "product", "people")
    list_filter = ("product",)
    search_fields = ("name", "members__email", "members__name")
    filter_horizontal = ("members",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("product",) if obj else ()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("product").annotate(size=models.Count("members"))

    @admin.display(ordering="size")
    def people(self, team: Any) -> int:
        return int(team.size)

    def stream(self, obj: models.Model) -> str:
        return f"product:{obj.product_id}"  # type: ignore[attr-defined]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        locks.product_exclusive(obj.product_id)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        team, wanted = form.instance, set(form.cleaned_data.pop("members", ()))
        present = set(team.members.all())
        actor = signed_in(request)
        for user in sorted(present - wanted, key=lambda one: one.pk):
            actions.leave_team(user=user, team=team, actor=actor)
        for user in sorted(wanted - present, key=lambda one: one.pk):
            actions.join_team(user=user, team=team, actor=actor)
        super().save_related(request, form, formsets, change)


@admin.register(Role)
class RoleAdmin(SaysNo):
    """Granted and revoked, never edited."""

    list_display = ("user", "product", "kind", "created_at")
    list_filter = ("product", "kind")
    search_fields = ("user__email", "user__name")
    list_select_related = ("user", "product")
    autocomplete_fields = ("user",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        kind = RoleKind(obj.kind)
        role = actions.grant_role(user=obj.user, product=obj.product, kind=kind, actor=signed_in(request))
        obj.pk = role.pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        actions.revoke_role(role=obj, actor=signed_in(request))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for role in queryset.order_by("product_id", "pk"):
            self.delete_model(request, role)


@admin.register(ApiToken)
class ApiTokenAdmin(SaysNo):
    """A new token's key is shown once, after saving."""

    list_display = ("name", "prefix", "user", "product", "created_at", "revoked_at")
    list_filter = ("product", "revoked_at")
    search_fields = ("name", "prefix", "user__email")
    list_select_related = ("user", "product")
    fields = ("user", "product", "name")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        token, key = actions.issue_token(product=obj.product, name=obj.name, user=obj.user, actor=signed_in(request))
        obj.pk = token.pk
        messages.warning(request, f"The key, shown this once: {key}")

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        for token in queryset.select_related("product").order_by("product_id", "pk"):
            actions.revoke_token(token=token, actor=signed_in(request))
