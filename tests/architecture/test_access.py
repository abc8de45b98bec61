"""Every view and endpoint says who may."""

import pytest
from django.test import Client

from config.api import TokenAuth, api
from tests.architecture.walk import Address, addresses

OURS = [address for address in addresses() if address.namespace != "admin"]


@pytest.mark.parametrize("address", OURS, ids=lambda address: address.route or "/")
def test_every_view_states_who_may(address: Address) -> None:
    view = getattr(address.view, "__wrapped__", address.view)
    stated = getattr(address.view, "who_may", "") or getattr(view, "who_may", "")
    assert len(stated) > 5, f"{address.route} says nothing: decorate it with core.access.who_may or public"


@pytest.mark.parametrize("address", OURS, ids=lambda address: address.route or "/")
def test_only_what_is_stated_public_is_open(address: Address) -> None:
    is_open = not getattr(address.view, "login_required", True)
    stated = address.view.who_may
    assert is_open == (stated.startswith("anybody") or address.namespace == "api"), address.route


def test_every_operation_of_the_api_asks_for_a_token() -> None:
    operations = [
        operation
        for bound in api._get_bound_routers()
        for view in bound.path_operations.values()
        for operation in view.operations
    ]
    assert operations
    for operation in operations:
        callbacks = operation.auth_callbacks
        assert any(isinstance(one, TokenAuth) for one in callbacks), operation.view_func.__qualname__


def test_strangers_meet_the_login_page(db: None) -> None:
    client = Client()
    closed = [one for one in OURS if "<" not in one.route and getattr(one.view, "login_required", True)]
    assert len(closed) > 5
    for address in closed:
        answer = client.get(f"/{address.route}")
        assert answer.status_code == 302 and answer.headers["Location"].startswith("/login/"), address.route
