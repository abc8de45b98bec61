"""P6: no page writes domain data when it is read. Everybody walks every link, on a database that refuses writes."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.db.utils import InternalError
from django.test import Client

from core.models import User
from tests.architecture.walk import addresses
from tests.house import House, furnish
from tests.rollouts.conftest import told
from tests.rollouts.story import Story

__all__ = ["told"]

LINK = re.compile(r'(?:href|hx-get|src)="([^"#]+)')
NOT_PAGES = ("/static/", "/live/", "/admin/", "http", "//", "mailto:")
ENOUGH = 90


@pytest.fixture
def house(told: Callable[..., Story], tomas: User) -> House:
    """A rollout at its first step, a release in validation with a scenario to test, and people to look at them."""
    return furnish(told)


@pytest.fixture
def read_only(house: House) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    yield
    connection.close()


def starts() -> list[str]:
    return [
        f"/{address.route}"
        for address in addresses()
        if "<" not in address.route and not f"/{address.route}".startswith(NOT_PAGES)
    ]


def walk(client: Client) -> dict[str, int]:
    """Every page that can be reached from the addresses without parameters, and its status."""
    seen: dict[str, int] = {}
    waiting = starts()
    while waiting and len(seen) < ENOUGH:
        path = waiting.pop(0)
        if path in seen:
            continue
        answer = client.get(path)
        seen[path] = answer.status_code
        assert client.head(path).status_code == answer.status_code, path
        if answer.headers.get("Content-Type", "").startswith("text/html") and not answer.streaming:
            found = [link.replace("&amp;", "&") for link in LINK.findall(answer.text)]
            waiting += [link for link in found if link.startswith("/") and not link.startswith(NOT_PAGES)]
    return seen


@pytest.mark.parametrize("who", ["rhea", "tomas", "bea", "emil", "otto"])
def test_p6_nobody_changes_anything_by_reading(
    who: str, house: House, otto: User, browser_of: Callable[[User], Client], request: pytest.FixtureRequest
) -> None:
    client = browser_of(request.getfixturevalue(who))
    request.getfixturevalue("read_only")
    seen = walk(client)
    broken = {path: status for path, status in seen.items() if status >= 500}
    assert broken == {} or set(broken) == {"/readyz"}
    pages = [path for path, status in seen.items() if status == 200]
    if who == "otto":
        assert not [path for path in pages if path.startswith((f"/releases/{house.release.pk}/", "/approve/"))]
    else:
        assert f"/releases/{house.release.pk}/" in pages, sorted(seen)
        assert len(pages) > 12


def test_the_database_would_have_refused(house: House, read_only: None) -> None:
    """The walk above proves nothing if writes went through."""
    with pytest.raises(InternalError, match="read-only"):
        User.objects.update(name="Somebody else")
