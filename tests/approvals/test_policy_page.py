"""The policy as a form on the product's page, and the checklist's own page."""

from collections.abc import Callable

import pytest
from django.test import Client

from approvals.actions import add_item, tick_item
from approvals.models import ChecklistItem, Policy
from approvals.product_forms import PolicyForm
from core.choices import RoleKind
from core.models import AuditEntry, Product, User
from releases.models import Release
from tests.cast import enter

Browser = Callable[[User], Client]
Sent = dict[str, object]
PAGE = "/products/storefront/"
ADDRESS = f"{PAGE}policy/"


@pytest.fixture
def sent(storefront: Product, bea: User, quinn: User) -> Sent:
    """Business first, QA after, with a row left empty between them."""
    team = {one.name: one.pk for one in storefront.teams.all()}
    return {
        "version": "0",
        "rows": "4",
        **row(0, "Business", team["Business"]),
        **row(2, "QA", team["QA"], turn="2", covers=["candidates", "features"]),
    }


def row(number: int, name: str, team: object, turn: str = "1", quorum: str = "1", covers: object = ()) -> Sent:
    fields: Sent = {"name": name, "team": team, "turn": turn, "quorum": quorum, "due_hours": "24", "covers": covers}
    return {f"stages.{number}.{part}": value for part, value in fields.items()}


def test_an_owner_writes_the_policy_and_reads_it_in_words(
    storefront: Product, olga: User, sent: Sent, browser_of: Browser
) -> None:
    browser = browser_of(olga)
    assert browser.post(ADDRESS, sent).status_code == 303
    stages = list(Policy.objects.get().stages.values_list("name", "order", "quorum", "due_hours", "covers"))
    assert stages == [("Business", 0, 1, 24, []), ("QA", 1, 1, 24, ["candidates", "features"])]
    text = browser.get(PAGE).text.replace("\u00a0", " ")
    assert "1 signature of Business within 1 d; covers everything" in text
    assert "1 signature of QA within 1 d; covers candidates, features" in text
    open_form = browser.get(f"{PAGE}?open=policy").text
    assert 'name="stages.1.name" value="QA"' in open_form and 'name="stages.3.name"' in open_form
    assert 'value="features" ' in open_form and open_form.count("checked") == 2


def test_the_form_gives_back_the_policy_that_it_was_filled_with(
    storefront: Product, olga: User, policy: Policy, browser_of: Browser
) -> None:
    """Opening it and saving writes the same stages as the next version."""
    form = PolicyForm.of(storefront, policy.version, list(policy.stages.select_related("team")))
    given = {name: form[name].value() for name in form.fields}
    plain = {name: getattr(value, "pk", value) for name, value in given.items() if value is not None}
    assert browser_of(olga).post(ADDRESS, plain).status_code == 303
    before, after = (
        list(one.stages.values_list("name", "team", "order", "quorum", "due_hours", "covers"))
        for one in Policy.objects.order_by("version")
    )
    assert [(*rest, sorted(covers)) for *rest, covers in before] == [(*rest, sorted(covers)) for *rest, covers in after]


@pytest.mark.parametrize(
    ("wrong", "said", "field"),
    [
        ({"stages.2.quorum": "2"}, "QA demands 2 signatures, but QA has 1 approver.", "stages.2.quorum"),
        ({"stages.2.team": ""}, "Say which team signs.", "stages.2.team"),
        ({"stages.2.team": "999999"}, "Select a valid choice.", "stages.2.team"),
        ({"stages.0.quorum": "0"}, "greater than or equal to 1", "stages.0.quorum"),
        ({"stages.0.due_hours": "soon"}, "Enter a whole number.", "stages.0.due_hours"),
        ({"stages.2.covers": ["everything"]}, "Select a valid choice.", "stages.2.covers"),
        ({"stages.2.name": "Business"}, "Each stage has a name of its own.", ""),
        ({"stages.0.name": "", "stages.2.name": ""}, "A policy has at least one stage.", ""),
        ({"version": "x"}, "Something in the form does not fit.", ""),
        ({"rows": "13"}, "Something in the form does not fit.", ""),
    ],
)
def test_p12_a_policy_that_cannot_be_is_not_written(
    storefront: Product, olga: User, sent: Sent, browser_of: Browser, wrong: Sent, said: str, field: str
) -> None:
    answer = browser_of(olga).post(ADDRESS, {**sent, **wrong})
    assert answer.status_code == 422
    assert said in answer.text
    if field:
        assert f'id="id_{field}_error"' in answer.text, "under the field of its row"
    assert answer.text.count("btn--primary") == 1
    assert not Policy.objects.exists() and not AuditEntry.objects.exists()


def test_two_owners_at_once_the_second_hears_of_the_first_and_loses_nothing(
    storefront: Product, olga: User, sent: Sent, browser_of: Browser
) -> None:
    nina = enter(storefront, "Nina Holm", RoleKind.OWNER)
    assert browser_of(olga).post(ADDRESS, sent).status_code == 303
    late = {**sent, "stages.0.name": "Business and finance"}
    answer = browser_of(nina).post(ADDRESS, late)
    assert answer.status_code == 409 and "Olga Brandt wrote version 1 meanwhile" in answer.text
    assert 'value="Business and finance"' in answer.text, "what was typed stays"
    assert "1 signature of Business" in answer.text, "beside what stands now"
    assert 'name="version" value="1"' in answer.text and Policy.objects.count() == 1
    assert browser_of(nina).post(ADDRESS, {**late, "version": "1"}).status_code == 303
    text = browser_of(nina).get(PAGE).text
    assert "Former versions" in text and "Version 1" in text and "version 2" in text


def test_only_owners_write_it(storefront: Product, rhea: User, otto: User, sent: Sent, browser_of: Browser) -> None:
    assert browser_of(rhea).post(ADDRESS, sent).status_code == 403
    assert browser_of(otto).post(ADDRESS, sent).status_code == 404
    assert not Policy.objects.exists()


def test_a_team_that_cannot_sign_any_more_is_named(
    storefront: Product, olga: User, bea: User, sent: Sent, browser_of: Browser
) -> None:
    browser_of(olga).post(ADDRESS, sent)
    assert "nobody can complete this" not in browser_of(olga).get(PAGE).text
    User.objects.filter(pk=bea.pk).update(is_active=False)
    assert "Business has 0 approvers: nobody can complete this." in browser_of(olga).get(PAGE).text


def test_the_release_manager_writes_the_checklist(release: Release, rhea: User, bea: User, browser_of: Browser) -> None:
    browser, path = browser_of(rhea), f"/releases/{release.pk}/checklist/"
    team = release.product.teams.get(name="Business")
    assert "Change the list" in browser.get(f"/releases/{release.pk}/").text
    assert "Change the list" not in browser_of(bea).get(f"/releases/{release.pk}/").text
    assert browser.post(path, {"text": "Support knows", "team": team.pk}).status_code == 303
    assert browser.post(path, {"text": "It is fast", "team": team.pk, "check_kind": "performance"}).status_code == 303
    text = browser.get(path).text
    assert "Business ticks it" in text and "ticks itself with Performance" in text
    item = ChecklistItem.objects.get(text="Support knows")
    tick_item(item=item, actor=bea, evidence="Note 12")
    assert browser.post(f"/checklist/{item.pk}/remove/").status_code == 409
    auto = ChecklistItem.objects.get(text="It is fast")
    assert browser.post(f"/checklist/{auto.pk}/remove/").status_code == 303
    assert list(ChecklistItem.objects.all()) == [item]


def test_p12_what_cannot_be_on_the_checklist_is_not(
    release: Release, rhea: User, bea: User, otto: User, browser_of: Browser
) -> None:
    path, team = f"/releases/{release.pk}/checklist/", release.product.teams.get(name="Business")
    item = add_item(release=release, text="Support knows", team=team, actor=rhea)
    before = AuditEntry.objects.count()
    right: Sent = {"text": "Docs are out", "team": team.pk}
    other = otto.roles.get().product.teams.create(name="Business")
    for wrong in (
        {"text": ""},
        {"text": "x" * 201},
        {"text": "Support knows"},
        {"team": other.pk},
        {"check_kind": "luck"},
    ):
        answer = browser_of(rhea).post(path, {**right, **wrong})
        assert answer.status_code in {409, 422} and "field__error" in answer.text, wrong
    assert browser_of(bea).post(path, right).status_code == 403
    assert browser_of(bea).post(f"/checklist/{item.pk}/remove/").status_code == 403
    assert "Put it on the list" not in browser_of(bea).get(path).text
    for address in (path, f"/checklist/{item.pk}/remove/"):
        assert browser_of(otto).post(address, right).status_code == 404
    assert AuditEntry.objects.count() == before
