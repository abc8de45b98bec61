"""The sections of this room on a product's page: people, teams, places, what it is called, the pipeline's tokens."""

from dataclasses import dataclass, field
from functools import partial

from django.forms import BaseForm

from core.choices import RoleKind
from core.forms import AddPersonForm, EnvironmentForm, MemberForm, NameForm, ProductForm, RoleForm, TokenForm
from core.models import Role, Team, User
from core.panels import Ask, Section


@dataclass
class Person:
    """One row: somebody, what they may do, and in which teams they are."""

    user: User
    roles: list[Role] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    form: BaseForm | None = None

    @property
    def kinds(self) -> set[str]:
        return {role.kind for role in self.roles}


def people(ask: Ask) -> Section:
    rows = _people(ask)
    for row in rows:
        row.form = ask.form(f"person-{row.user.pk}", partial(RoleForm, held=row.kinds), when=ask.owns)
    return Section(
        key="people",
        title="People",
        beside=str(len(rows)),
        act="Add somebody" if ask.owns else "",
        opens="add-person",
        template="core/product_people.html",
        context={"rows": rows, "form": ask.form("add-person", AddPersonForm, when=ask.owns)},
    )


def _people(ask: Ask) -> list[Person]:
    """Everybody with a role, owners first; two queries, however many they are."""
    rows: dict[int, Person] = {}
    for role in ask.product.roles.select_related("user"):
        rows.setdefault(role.user_id, Person(role.user)).roles.append(role)
    members = Team.members.through.objects.filter(team__product=ask.product).select_related("team")
    for member in members.order_by("team__name"):
        if member.user_id in rows:
            rows[member.user_id].teams.append(member.team)
    order = {kind.value: place for place, kind in enumerate(reversed(RoleKind))}
    for row in rows.values():
        row.roles.sort(key=lambda role: order[role.kind])
    return sorted(rows.values(), key=lambda row: (order[row.roles[0].kind], str(row.user).lower()))


def teams(ask: Ask) -> Section:
    found = list(ask.product.teams.prefetch_related("members"))
    rows = [(team, ask.form(f"team-{team.pk}", partial(MemberForm, team=team), when=ask.owns)) for team in found]
    return Section(
        key="teams",
        title="Teams",
        beside="who signs, ticks and presses go",
        act="Add a team" if ask.owns else "",
        opens="add-team",
        template="core/product_teams.html",
        context={"rows": rows, "form": ask.form("add-team", NameForm, when=ask.owns)},
    )


def environments(ask: Ask) -> Section:
    return Section(
        key="environments",
        title="Environments",
        beside="where it runs",
        act="Add an environment" if ask.owns else "",
        opens="add-environment",
        template="core/product_environments.html",
        context={
            "rows": ask.product.environments.all(),
            "form": ask.form("add-environment", EnvironmentForm, when=ask.owns),
        },
    )


def about(ask: Ask) -> Section:
    product = ask.product
    known = {"name": product.name, "timezone": product.timezone}
    mine = [kind.label for kind in RoleKind if kind in ask.roles]
    rows = [
        ("Name", product.name),
        ("Address", product.slug),
        ("Time zone", product.timezone.replace("_", " ")),
        ("You are", ", ".join(mine)),
    ]
    return Section(
        key="about",
        title="About it",
        act="Change" if ask.owns else "",
        opens="about",
        aside=True,
        template="core/product_about.html",
        context={"rows": rows, "form": ask.form("about", lambda: ProductForm(initial=known), when=ask.owns)},
    )


def tokens(ask: Ask) -> Section:
    """Living tokens; one's own can always be revoked, the others by owners."""
    found = ask.product.api_tokens.filter(revoked_at=None).select_related("user").order_by("-created_at")
    may = ask.owns or ask.may(RoleKind.ENGINEER)
    make = partial(TokenForm, product=ask.product, actor=ask.user, owns=ask.owns)

    return Section(
        key="tokens",
        title="Pipeline tokens",
        act="Issue one" if may else "",
        opens="token",
        aside=True,
        template="core/product_tokens.html",
        context={
            "rows": [(token, ask.owns or token.user_id == ask.user.pk) for token in found],
            "form": ask.form("token", make, when=may),
        },
    )
