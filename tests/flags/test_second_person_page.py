"""Where a second person is wanted: owners say so on the product's page, and Today asks who may agree."""

from collections.abc import Callable

import pytest
from django.test import Client

from core import clock
from core.choices import RoleKind
from core.models import Environment, Product, User
from flags import actions, today
from flags.choices import ChangeState
from flags.models import Flag, FlagSet, PlannedChange

BrowserOf = Callable[[User], Client]
HERE = "/products/storefront/flag-changes/production/"


@pytest.fixture
def olga(rhea: User, storefront: Product) -> User:
    """Rhea, who also owns the product."""
    rhea.roles.create(product=storefront, kind=RoleKind.OWNER)
    return rhea


def test_an_owner_wants_a_second_person_and_waives_it(
    olga: User, emil: User, production: Environment, browser_of: BrowserOf
) -> None:
    owner = browser_of(olga)
    page = owner.get("/products/storefront/").content.decode()
    assert "Changes of flags" in page and page.count("one person is enough") == 2
    assert owner.post(HERE, {"wanted": "yes"}).status_code == 303
    assert FlagSet.objects.get(environment=production).second_person
    assert "a second person agrees" in owner.get("/products/storefront/").content.decode()
    assert owner.post(HERE, {"wanted": "perhaps"}).status_code == 422
    assert browser_of(emil).post(HERE, {"wanted": "no"}).status_code == 403
    assert b"One is enough" not in browser_of(emil).get("/products/storefront/").content
    assert FlagSet.objects.get(environment=production).second_person
    assert owner.post(HERE, {"wanted": "no"}).status_code == 303
    assert not FlagSet.objects.get(environment=production).second_person


def test_today_asks_those_who_may_agree(
    olga: User, emil: User, tomas: User, typo: Flag, production: Environment, browser_of: BrowserOf
) -> None:
    actions.want_second_person(environment=production, wanted=True, actor=olga)
    asked = actions.submit_change(
        flag=typo, environment=production, changes={"weight": 5_000}, actor=emil, action="flag_weight_set"
    )
    assert isinstance(asked, PlannedChange)
    now = clock.now()
    assert [row.title for row in today.planned(olga, now)] == ["Agree to a change of search-typo in production"]
    assert not today.planned(emil, now) and not today.planned(tomas, now)
    page = browser_of(olga).get("/").content.decode()
    assert "Emil Sand asks for a second person" in page and "Read and decide" in page
    PlannedChange.objects.update(state=ChangeState.SUSPENDED, said="The flag was changed since this was asked for.")
    assert not today.planned(olga, now)
    assert "Ask again, or let it be" in today.planned(emil, now)[0].why


def test_many_changes_take_few_rows(olga: User, emil: User, typo: Flag, production: Environment) -> None:
    actions.want_second_person(environment=production, wanted=True, actor=olga)
    for number in range(today.MOST + 2):
        flag = actions.create_flag(product=typo.product, key=f"f{number}", name="One", actor=emil)
        actions.submit_change(
            flag=flag, environment=production, changes={"weight": 1}, actor=emil, action="flag_weight_set"
        )
    rows = today.planned(olga, clock.now())
    assert len(rows) == today.MOST + 1 and rows[-1].count == 2 and "2 more changes" in rows[-1].title
