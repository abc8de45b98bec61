"""A product's page: everybody sees what they may do there, who may not changes nothing, and nothing typed is lost."""

from collections.abc import Callable

import pytest
from django.test import Client

from core import actions
from core.choices import RoleKind
from core.models import ApiToken, Product, User
from tests.cast import enter
from tests.core.owners import olga, written
from tests.queries import cost

__all__ = ["olga"]

Browser = Callable[[User], Client]
PAGE = "/products/storefront/"
ACTS = {
    "about": {"olga"},
    "add-person": {"olga"},
    "add-team": {"olga"},
    "add-environment": {"olga"},
    "policy": {"olga"},
    "add-freeze": {"olga", "rhea"},
    "add-slot": {"olga", "emil"},
    "token": {"olga", "emil"},
    "flag-key": {"olga", "emil", "rhea"},
}
"""What can be opened, and by whom."""


@pytest.fixture
def cast(storefront: Product, olga: User, rhea: User, emil: User, tomas: User, bea: User) -> dict[str, User]:
    return {"olga": olga, "rhea": rhea, "emil": emil, "tomas": tomas}


def test_everybody_sees_only_what_they_may_press(cast: dict[str, User], browser_of: Browser) -> None:
    seen = {who: browser_of(user).get(PAGE).text for who, user in cast.items()}
    for act, may in ACTS.items():
        assert {who for who, text in seen.items() if f"?open={act}#" in text} == may, act
    assert "<form" not in seen["tomas"].split('<div class="split">')[1].split("</aside>")[0], "a tester reads"


def test_one_form_is_open_with_the_one_primary_button(cast: dict[str, User], browser_of: Browser) -> None:
    owner, reader = browser_of(cast["olga"]), browser_of(cast["tomas"])
    for opened in ACTS:
        assert owner.get(f"{PAGE}?open={opened}").text.count("btn--primary") == 1, opened
        hidden = reader.get(f"{PAGE}?open={opened}").text
        assert "btn--primary" not in hidden and 'action="/products/' not in hidden, opened


def posts(product: Product, bea: User) -> dict[str, dict[str, object]]:
    """Every press of this room, as it would work for an owner."""
    team = product.teams.get(name="Business")
    return {
        f"{PAGE}change/": {"name": "Shop", "timezone": "UTC"},
        f"{PAGE}people/": {"email": "nora@example.com", "name": "Nora", "kind": "tester"},
        f"{PAGE}people/{bea.pk}/roles/": {"kind": "tester"},
        f"{PAGE}roles/{bea.roles.get().pk}/revoke/": {},
        f"{PAGE}teams/": {"name": "Legal"},
        f"{PAGE}teams/{product.teams.get(name='QA').pk}/join/": {"person": bea.pk},
        f"{PAGE}teams/{team.pk}/{bea.pk}/leave/": {},
        f"{PAGE}environments/": {"name": "Load test"},
    }


def test_p1_who_does_not_own_it_changes_nothing(
    cast: dict[str, User], storefront: Product, bea: User, otto: User, browser_of: Browser
) -> None:
    before = written(storefront)
    for path, data in posts(storefront, bea).items():
        for who in ("rhea", "emil", "tomas"):
            answer = browser_of(cast[who]).post(path, data)
            assert (answer.status_code, "Only an owner" in answer.text) == (403, True), (who, path)
        assert browser_of(otto).post(path, data).status_code == 404
    assert written(storefront) == before
    assert browser_of(otto).get(PAGE).status_code == 404


def test_an_owner_does_all_of_it_from_the_browser(
    cast: dict[str, User], storefront: Product, bea: User, browser_of: Browser
) -> None:
    browser = browser_of(cast["olga"])
    for path, data in posts(storefront, bea).items():
        before = written(storefront)
        answer = browser.post(path, data)
        assert answer.status_code == 303 and answer.headers["Location"].startswith(f"{PAGE}#"), path
        assert written(storefront) != before, path
    text = browser.get(PAGE).text
    for said in ("Shop", "Nora", "Legal", "Load test"):
        assert said in text, said


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        ("change/", {"name": "", "timezone": "UTC"}, "This field is required."),
        ("change/", {"name": "Shop", "timezone": "Mars/Olympus"}, "Select a valid choice."),
        ("change/", {"name": "Back office", "timezone": "UTC"}, "There is a product of this name."),
        ("people/", {"email": "nora@example.com", "kind": "tester"}, "say the name too"),
        ("people/", {"email": "nora", "name": "Nora", "kind": "tester"}, "Enter a valid email address."),
        ("people/", {"email": "nora@example.com", "name": "Nora", "kind": "king"}, "Select a valid choice."),
        ("people/", {"email": "tomas@example.com", "kind": "tester"}, "is tester of Storefront already"),
        ("teams/", {"name": "QA"}, "has a team of this name"),
        ("teams/", {"name": "x" * 81}, "at most 80 characters"),
        ("environments/", {"name": "Staging"}, "has an environment of this name"),
        ("environments/", {"name": "…"}, "A name has letters or digits"),
        ("tokens/", {"name": ""}, "This field is required."),
        ("tokens/", {"name": "ci", "user": "999999"}, "Select a valid choice."),
    ],
)
def test_p12_what_does_not_fit_is_said_at_its_field_and_nothing_is_lost(
    cast: dict[str, User],
    storefront: Product,
    otto: User,
    browser_of: Browser,
    path: str,
    data: dict[str, str],
    said: str,
) -> None:
    before = written(storefront)
    answer = browser_of(cast["olga"]).post(f"{PAGE}{path}", data)
    assert answer.status_code in {409, 422}
    notes = [part.split("</small>")[0] for part in answer.text.split("field__error")[1:]]
    assert any(said in note for note in notes), notes
    assert 'aria-invalid="true"' in answer.text and answer.text.count("btn--primary") == 1
    assert all(f'value="{value}"' in answer.text for name, value in data.items() if name in {"name", "email"} and value)
    assert written(storefront) == before


def test_the_last_owner_is_told_why_they_stay(cast: dict[str, User], storefront: Product, browser_of: Browser) -> None:
    olga = cast["olga"]
    answer = browser_of(olga).post(f"{PAGE}roles/{olga.roles.get().pk}/revoke/")
    assert answer.status_code == 409 and "needs an owner" in answer.text
    assert olga.has_role(storefront, RoleKind.OWNER)
    own = browser_of(olga).get(f"{PAGE}?open=person-{olga.pk}").text
    assert "another owner can" in own and "/roles/" in own


def test_rows_of_another_product_are_not_reached_through_this_one(
    cast: dict[str, User], otto: User, browser_of: Browser
) -> None:
    other = otto.roles.get().product
    team = other.teams.create(name="Business")
    team.members.add(otto)
    token, _ = ApiToken.issue(user=otto, product=other, name="ci")
    browser = browser_of(cast["olga"])
    for path in (
        f"roles/{otto.roles.get().pk}/revoke/",
        f"people/{otto.pk}/roles/",
        f"teams/{team.pk}/join/",
        f"teams/{team.pk}/{otto.pk}/leave/",
        f"tokens/{token.pk}/revoke/",
    ):
        assert browser.post(f"{PAGE}{path}", {"kind": "owner", "person": otto.pk}).status_code == 404, path


def test_a_token_is_shown_this_once_and_kept_nowhere(
    cast: dict[str, User], storefront: Product, browser_of: Browser
) -> None:
    browser = browser_of(cast["olga"])
    answer = browser.post(f"{PAGE}tokens/", {"name": "GitHub"})
    assert answer.status_code == 201 and answer.headers["Cache-Control"] == "no-store"
    key = answer.text[answer.text.index("slw_") :].split('"')[0]
    token = ApiToken.objects.get()
    assert ApiToken.hash(key) == token.digest and token.user.is_service
    assert "messages" not in answer.cookies
    assert browser.post(f"{PAGE}tokens/", {"name": "GitHub"}).status_code == 409, "sent twice it is one token"
    assert key not in browser.get(PAGE).text and "GitHub" in browser.get(PAGE).text
    machine = Client(headers={"Authorization": f"Bearer {key}"})
    build = {"version": "1.0", "digest": f"sha256:{'d' * 64}"}
    path = "/api/v1/products/storefront/builds"
    assert machine.post(path, build, content_type="application/json").status_code == 201
    assert browser.post(f"{PAGE}tokens/{token.pk}/revoke/").status_code == 303
    assert machine.post(path, build, content_type="application/json").status_code == 401


def test_the_page_costs_the_same_however_many_people_there_are(
    cast: dict[str, User], storefront: Product, browser_of: Browser
) -> None:
    browser = browser_of(cast["olga"])
    pages = [PAGE, f"{PAGE}?open=add-person", f"{PAGE}?open=policy", "/products/", "/me/"]

    def costs() -> list[int]:
        for page in pages:
            browser.get(page)
        return [cost(lambda page=page: browser.get(page)) for page in pages]  # type: ignore[misc]

    few = costs()
    for number in range(12):
        person = enter(storefront, f"Guest{number} Vale", RoleKind.APPROVER, "Business")
        storefront.teams.create(name=f"Team {number}").members.add(person)
    assert costs() == few and max(few) < 50


def test_staff_open_a_product_and_others_read_whom_to_ask(rhea: User, browser_of: Browser) -> None:
    form = {"name": "Checkout", "slug": "checkout", "timezone": "Europe/Oslo"}
    browser = browser_of(rhea)
    assert "who administers this site" in browser.get("/products/new/").text
    assert browser.post("/products/new/", form).status_code == 403
    User.objects.filter(pk=rhea.pk).update(is_staff=True)
    for wrong in ({"slug": "no slug"}, {"slug": ""}, {"name": "Storefront"}, {"slug": "storefront"}):
        answer = browser.post("/products/new/", {**form, **wrong})
        assert answer.status_code in {409, 422} and "field__error" in answer.text, wrong
    assert Product.objects.count() == 1
    answer = browser.post("/products/new/", form)
    assert answer.headers["Location"] == "/products/checkout/"
    page = browser.get("/products/checkout/").text
    assert "Production" in page and "No policy yet" in page and "?open=policy" in page


def test_an_owner_gives_a_role_that_counts_at_once(
    cast: dict[str, User], storefront: Product, tomas: User, browser_of: Browser
) -> None:
    browser_of(cast["olga"]).post(f"{PAGE}people/{tomas.pk}/roles/", {"kind": "owner"})
    assert "?open=add-person" in browser_of(tomas).get(PAGE).text
    actions.revoke_role(role=tomas.roles.get(kind="owner"), actor=cast["olga"])
    assert "?open=add-person" not in browser_of(tomas).get(PAGE).text
