"""What this room lets people change on a product's page: one small view per verb, each with one action."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from core import actions
from core.access import signed_in, who_may
from core.choices import RoleKind
from core.forms import AddPersonForm, EnvironmentForm, MemberForm, NameForm, ProductForm, RoleForm, TokenForm
from core.models import ApiToken, Role, Team
from core.views.products import load, member, show_key, submit

OWNERS = "owners of the product"


@who_may(OWNERS)
@require_POST
def change(request: HttpRequest, slug: str) -> HttpResponse:
    product, form = load(request, slug), ProductForm(request.POST)
    return submit(
        request,
        product,
        "about",
        lambda data: actions.change_product(product=product, **data),
        form=form,
        name="about",
    )


@who_may(OWNERS)
@require_POST
def add_person(request: HttpRequest, slug: str) -> HttpResponse:
    product, form = load(request, slug), AddPersonForm(request.POST)
    return submit(
        request,
        product,
        "people",
        lambda data: actions.add_person(product=product, **data),
        form=form,
        name="add-person",
        done="They are in, and one mail is on its way to them.",
    )


@who_may(f"{OWNERS}, for others than themselves")
@require_POST
def grant(request: HttpRequest, slug: str, user_id: int) -> HttpResponse:
    product = load(request, slug)
    user = member(product, user_id)
    held = set(user.roles.filter(product=product).values_list("kind", flat=True))
    return submit(
        request,
        product,
        "people",
        lambda data: actions.grant_role(user=user, product=product, **data),
        form=RoleForm(request.POST, held=held),
        name=f"person-{user.pk}",
    )


@who_may(f"{OWNERS}; the last owner stays")
@require_POST
def revoke(request: HttpRequest, slug: str, role_id: int) -> HttpResponse:
    product = load(request, slug)
    role = get_object_or_404(Role.objects.select_related("user", "product"), pk=role_id, product=product)
    done = f"{role.user} is no longer {role.get_kind_display().lower()}."
    return submit(request, product, "people", lambda data: actions.revoke_role(role=role, **data), done=done)


@who_may(OWNERS)
@require_POST
def add_team(request: HttpRequest, slug: str) -> HttpResponse:
    product, form = load(request, slug), NameForm(request.POST)
    return submit(
        request,
        product,
        "teams",
        lambda data: actions.create_team(product=product, **data),
        form=form,
        name="add-team",
        done="The team is there; nobody is in it yet.",
    )


@who_may(f"{OWNERS}, for others than themselves")
@require_POST
def join(request: HttpRequest, slug: str, team_id: int) -> HttpResponse:
    product = load(request, slug)
    team = get_object_or_404(Team.objects.select_related("product"), pk=team_id, product=product)
    return submit(
        request,
        product,
        "teams",
        lambda data: actions.join_team(user=data["person"], team=team, actor=data["actor"]),
        form=MemberForm(request.POST, team=team),
        name=f"team-{team.pk}",
    )


@who_may(OWNERS)
@require_POST
def leave(request: HttpRequest, slug: str, team_id: int, user_id: int) -> HttpResponse:
    product = load(request, slug)
    team = get_object_or_404(Team.objects.select_related("product"), pk=team_id, product=product)
    user = get_object_or_404(team.members, pk=user_id)
    done = f"{user} is no longer in {team}."
    return submit(request, product, "teams", lambda data: actions.leave_team(user=user, team=team, **data), done=done)


@who_may(OWNERS)
@require_POST
def add_environment(request: HttpRequest, slug: str) -> HttpResponse:
    product, form = load(request, slug), EnvironmentForm(request.POST)
    return submit(
        request,
        product,
        "environments",
        lambda data: actions.add_environment(product=product, **data),
        form=form,
        name="add-environment",
    )


@who_may("engineers of the product, for themselves; its owners, also for pipelines")
@require_POST
def issue_token(request: HttpRequest, slug: str) -> HttpResponse:
    product, actor = load(request, slug), signed_in(request)
    owns = actor.is_superuser or actor.has_role(product, RoleKind.OWNER)
    form = TokenForm(request.POST, product=product, actor=actor, owns=owns)
    return submit(
        request,
        product,
        "tokens",
        lambda data: actions.issue_token(product=product, **data),
        form=form,
        name="token",
        answer=lambda made: show_key(
            request, product, key=made[1], name=made[0].name, what="Pipeline token", section="tokens"
        ),
    )


@who_may("whose token it is, and owners of the product")
@require_POST
def revoke_token(request: HttpRequest, slug: str, token_id: int) -> HttpResponse:
    product = load(request, slug)
    token = get_object_or_404(ApiToken.objects.select_related("product"), pk=token_id, product=product)
    done = f"{token.name} opens nothing from now on."
    return submit(request, product, "tokens", lambda data: actions.revoke_token(token=token, **data), done=done)
