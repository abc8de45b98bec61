"""What went wrong is said in words: what is, what was not done, and the way on."""

import pytest
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from core.models import User
from core.views import errors

WRONG = SuspiciousOperation()
PAGES = [
    (400, lambda request: errors.bad_request(request, WRONG)),
    (403, lambda request: errors.forbidden(request, WRONG)),
    (403, errors.csrf),
    (404, lambda request: errors.not_found(request, WRONG)),
    (405, errors.wrong_method),
    (500, errors.broken),
]


@pytest.mark.parametrize(("status", "answer"), PAGES)
def test_an_error_is_told_without_the_database(status: int, answer: object, rf: RequestFactory) -> None:
    """This test may not touch the database: asking it anything fails."""
    assert callable(answer)
    shown: HttpResponse = answer(rf.get("/releases/7/"))
    assert shown.status_code == status
    assert shown.text.count("<h1") == 1 and 'href="/"' in shown.text and str(status) in shown.text


@pytest.mark.parametrize(("status", "answer"), PAGES)
def test_a_panel_gets_a_note_and_no_page(status: int, answer: object, rf: RequestFactory) -> None:
    assert callable(answer)
    shown: HttpResponse = answer(rf.post("/releases/7/", headers={"HX-Request": "true"}))
    assert shown.status_code == status and shown["HX-Retarget"] == "#notes"
    assert "<html" not in shown.text and 'role="alert"' in shown.text


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500])
def test_machines_get_problem_json(status: int, rf: RequestFactory) -> None:
    answer = dict(PAGES[:2] + PAGES[3:])[status]
    assert answer(rf.get("/api/v1/x"))["Content-Type"] == "application/problem+json"


def test_the_page_keeps_the_theme_of_whom_it_already_knows(rf: RequestFactory) -> None:
    request: HttpRequest = rf.get("/x/")
    assert "data-theme" not in errors.not_found(request, WRONG).text
    request._cached_user = User(theme="dark")  # type: ignore[attr-defined]  # as Django's middleware leaves it
    assert 'data-theme="dark"' in errors.not_found(request, WRONG).text


def test_opening_the_address_of_a_button_gets_words(client: Client, rhea: User) -> None:
    client.force_login(rhea, settings.AUTHENTICATION_BACKENDS[-1])
    shown = client.get("/me/theme/")
    assert shown.status_code == 405 and shown["Allow"] == "POST" and "This is done by a button" in shown.text
