"""What a person may set about themselves, and what Slipway knows of them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth import views as auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core import actions
from core.access import signed_in, who_may
from core.forms import zones
from core.models import User
from core.rows import NOT_ONE_LINE, is_one_line
from core.views.accounts import ClearAnswer
from core.views.attempt import attempt
from core.views.places import go_back


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    timezone = forms.ChoiceField(
        choices=zones,
        label="Time zone",
        help_text="All times on your screens and in your mails are in this zone.",
    )

    class Meta:
        model = User
        fields = ["name", "timezone", "theme"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not is_one_line(name):
            raise forms.ValidationError(NOT_ONE_LINE)
        return name


@who_may("everybody, about themselves")
@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("me")
    context: dict[str, Any] = {"form": form, "rows": _places(user)}
    return render(request, "core/me.html", context, status=422 if form.is_bound else 200)


def _places(user: User) -> list[dict[str, Any]]:
    """One row per product: one's roles and teams there."""
    rows: dict[int, dict[str, Any]] = {}
    for role in user.roles.select_related("product").order_by("product__name", "pk"):
        row = rows.setdefault(role.product_id, {"product": role.product, "roles": [], "teams": []})
        row["roles"].append(role.get_kind_display())
    for team in user.teams.order_by("name"):
        if team.product_id in rows:
            rows[team.product_id]["teams"].append(team.name)
    return list(rows.values())


class PasswordChange(ClearAnswer, auth.PasswordChangeView):
    """Django's, which ends every other session of theirs."""

    template_name = "core/me_password.html"
    success_url = reverse_lazy("me")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "Your password is changed; everywhere else you are signed out.")
        return super().form_valid(form)


password = who_may("everybody, their own, and only who knows the present one")(PasswordChange.as_view())


@who_may("everybody, about their own sessions")
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""

    def act() -> None:
        update_session_auth_hash(request, actions.end_other_sessions(user=signed_in(request)))

    return attempt(request, act, back="/me/", done="Everywhere else you are signed out.")


@who_may("everybody, for their own screens")
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """The next of: as the system, light, dark."""
    following = {"system": "light", "light": "dark", "dark": "system"}
    user = signed_in(request)
    user.theme = following.get(user.theme, "system")
    user.save(update_fields=["theme"])
    if request.headers.get("Accept") == "text/plain":
        return HttpResponse(user.theme, content_type="text/plain")
    return go_back(request)
