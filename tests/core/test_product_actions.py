"""Who belongs to a product, and who may say so: nobody raises themselves, and the last owner stays."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from core import actions, sentences
from core.choices import RoleKind
from core.errors import Conflict, Forbidden, Refused
from core.models import ApiToken, AuditEntry, OutboxMessage, Product, Role, User
from tests.conftest import FreshDatabase
from tests.core.owners import olga, written

__all__ = ["olga"]


@pytest.mark.parametrize("kind", [kind for kind in RoleKind if kind != RoleKind.OWNER])
def test_p5_nobody_gives_themselves_a_role(storefront: Product, olga: User, kind: RoleKind) -> None:
    before = written(storefront)
    with pytest.raises(Forbidden, match="Nobody gives themselves"):
        actions.grant_role(user=olga, product=storefront, kind=kind, actor=olga)
    assert written(storefront) == before


def test_p5_nobody_puts_themselves_into_a_team(storefront: Product, olga: User) -> None:
    before = written(storefront)
    with pytest.raises(Forbidden, match="Nobody gives themselves"):
        actions.join_team(user=olga, team=storefront.teams.get(name="QA"), actor=olga)
    with pytest.raises(Forbidden, match="Nobody gives themselves"):
        actions.add_person(product=storefront, email=olga.email, kind=RoleKind.APPROVER, actor=olga)
    assert written(storefront) == before


def test_the_last_owner_stays(storefront: Product, olga: User, rhea: User) -> None:
    role = olga.roles.get()
    with pytest.raises(Conflict, match="needs an owner"):
        actions.revoke_role(role=role, actor=olga)
    second = actions.grant_role(user=rhea, product=storefront, kind=RoleKind.OWNER, actor=olga)
    User.objects.filter(pk=rhea.pk).update(is_active=False)
    with pytest.raises(Conflict, match="needs an owner"):
        actions.revoke_role(role=role, actor=olga)  # an owner who cannot sign in is none
    User.objects.filter(pk=rhea.pk).update(is_active=True, is_service=True)
    with pytest.raises(Conflict, match="needs an owner"):
        actions.revoke_role(role=role, actor=olga)  # nor is a pipeline
    User.objects.filter(pk=rhea.pk).update(is_service=False)
    actions.revoke_role(role=role, actor=olga)
    assert list(storefront.roles.filter(kind=RoleKind.OWNER)) == [second]


def test_two_owners_who_remove_each_other_leave_one(
    fresh_db: FreshDatabase, storefront: Product, olga: User, rhea: User
) -> None:
    theirs = actions.grant_role(user=rhea, product=storefront, kind=RoleKind.OWNER, actor=olga)
    barrier, refused = threading.Barrier(2), []

    def press(role: Role, actor: User) -> None:
        try:
            barrier.wait(10)
            actions.revoke_role(role=Role.objects.select_related("user", "product").get(pk=role.pk), actor=actor)
        except Refused as error:
            refused.append(error)
        finally:
            connection.close()

    pressed = [(theirs, olga), (olga.roles.get(), rhea)]
    threads = [threading.Thread(target=press, args=one) for one in pressed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert storefront.roles.filter(kind=RoleKind.OWNER).count() == 1 and len(refused) == 1


def test_somebody_new_gets_an_account_one_mail_and_no_password(storefront: Product, olga: User) -> None:
    user, fresh = actions.add_person(
        product=storefront, email=" Nora@Example.com ", name="Nora Falk", kind=RoleKind.TESTER, actor=olga
    )
    assert fresh and (user.email, user.timezone) == ("nora@example.com", "Europe/Berlin")
    assert user.has_role(storefront, RoleKind.TESTER) and user.has_usable_password()  # so that the reset finds them
    mail = OutboxMessage.objects.get(recipient=user)
    assert "/password/\n" in mail.text and "token" not in mail.text, "an address, never a credential"
    assert "tester of Storefront" in mail.text and "/password/" in mail.html
    with pytest.raises(Conflict, match="is tester of Storefront already"):
        actions.add_person(product=storefront, email="nora@example.com", kind=RoleKind.TESTER, actor=olga)


def test_somebody_known_keeps_their_name_and_password(storefront: Product, olga: User, otto: User) -> None:
    before = (otto.name, otto.password)
    user, fresh = actions.add_person(
        product=storefront, email=otto.email, name="Another", kind=RoleKind.VIEWER, actor=olga
    )
    user.refresh_from_db()
    assert not fresh and (user.name, user.password) == before
    assert "Sign in as always" in OutboxMessage.objects.get(recipient=otto).text


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "nora@example.com", "name": ""}, "name"),
        ({"email": "nora@example.com", "name": "n" * 121}, "name"),
        ({"email": "no address", "name": "Nora"}, "email"),
        ({"email": "closed@example.com", "name": "Nora"}, "email"),
        ({"email": "machine@example.com", "name": "Nora"}, "email"),
    ],
)
def test_p12_who_cannot_be_added_is_not(storefront: Product, olga: User, given: dict[str, str], field: str) -> None:
    User.objects.create_user("closed@example.com", None, name="Closed", is_active=False)
    User.objects.create_user("machine@example.com", None, name="CI", is_service=True)
    before = written(storefront)
    with pytest.raises(Refused) as refused:
        actions.add_person(product=storefront, kind=RoleKind.TESTER, actor=olga, **given)
    assert refused.value.field == field
    assert written(storefront) == before and not OutboxMessage.objects.exists()


def test_a_token_acts_as_oneself_or_as_a_pipeline(storefront: Product, olga: User, emil: User) -> None:
    mine, key = actions.issue_token(product=storefront, name="emil's laptop", actor=emil, user=emil)
    assert mine.user == emil and ApiToken.hash(key) == mine.digest
    pipeline, _ = actions.issue_token(product=storefront, name="GitHub", actor=olga)
    machine = pipeline.user
    assert machine.is_service and not machine.has_usable_password()
    assert [role.kind for role in machine.roles.all()] == [RoleKind.ENGINEER]
    again, _ = actions.issue_token(product=storefront, name="GitHub 2", actor=olga, user=machine)
    assert again.user == machine


def test_nobody_issues_a_token_in_anothers_name(
    storefront: Product, olga: User, emil: User, rhea: User, otto: User
) -> None:
    machine = actions.issue_token(product=storefront, name="GitHub", actor=olga)[0].user
    before = written(storefront)
    wrong = [
        (olga, emil),  # an owner is no engineer, and would become one
        (emil, rhea),
        (emil, machine),
        (emil, None),
        (rhea, rhea),
        (otto, otto),
        (otto, None),
        (olga, otto),
    ]
    for actor, user in wrong:
        with pytest.raises(Refused):
            actions.issue_token(product=storefront, name="x", actor=actor, user=user)
    assert written(storefront) == before


def test_a_token_is_revoked_by_its_owner_or_the_products(
    storefront: Product, olga: User, emil: User, rhea: User
) -> None:
    token, _ = actions.issue_token(product=storefront, name="ci", actor=emil, user=emil)
    with pytest.raises(Conflict, match="in use"):
        actions.issue_token(product=storefront, name="ci", actor=emil, user=emil)
    with pytest.raises(Forbidden):
        actions.revoke_token(token=token, actor=rhea)
    assert actions.revoke_token(token=token, actor=olga).revoked_at
    entries = AuditEntry.objects.count()
    actions.revoke_token(token=token, actor=emil)  # twice is harmless
    assert AuditEntry.objects.count() == entries
    actions.issue_token(product=storefront, name="ci", actor=emil, user=emil)


def test_staff_open_a_product_and_own_it(storefront: Product, rhea: User) -> None:
    given = {"name": "Checkout", "slug": "checkout", "timezone": "Europe/Oslo"}
    with pytest.raises(Forbidden):
        actions.create_product(actor=rhea, **given)
    rhea.is_staff = True
    product = actions.create_product(actor=rhea, **given)
    assert [(one.slug, one.is_production) for one in product.environments.all()] == [
        ("staging", False),
        ("production", True),
    ]
    assert rhea.has_role(product, RoleKind.OWNER)
    for taken, field in [
        ({"name": "Checkout"}, "name"),
        ({"slug": "checkout"}, "slug"),
        ({"timezone": "X"}, "timezone"),
    ]:
        with pytest.raises(Refused) as refused:
            actions.create_product(actor=rhea, **{"name": "Other", "slug": "other", "timezone": "UTC", **taken})
        assert refused.value.field == field
    assert Product.objects.count() == 2


def test_a_new_environment_comes_before_production(storefront: Product, olga: User) -> None:
    actions.add_environment(product=storefront, name="Load test", actor=olga)
    assert [one.slug for one in storefront.environments.all()] == ["staging", "load-test", "production"]
    for name in ("Load test", "!!!", ""):
        with pytest.raises(Refused):
            actions.add_environment(product=storefront, name=name, actor=olga)
    assert storefront.environments.count() == 3


def test_every_change_stands_in_the_record_as_a_sentence(storefront: Product, olga: User, emil: User) -> None:
    steps: list[Callable[[], object]] = [
        lambda: actions.change_product(product=storefront, name="Shop", timezone="UTC", actor=olga),
        lambda: actions.add_environment(product=storefront, name="Load test", actor=olga),
        lambda: actions.create_team(product=storefront, name="Legal", actor=olga),
        lambda: actions.issue_token(product=storefront, name="ci", actor=emil, user=emil),
        lambda: actions.end_other_sessions(user=olga),
    ]
    for step in steps:
        step()
        entry = AuditEntry.objects.prefetch_related("texts").order_by("-pk")[0]
        told = sentences.describe(entry).form.replace(f"{entry.data.get('prefix', 'none')}…", "…x")
        assert "…" not in told.replace("…x", "") and "_" not in told, told
