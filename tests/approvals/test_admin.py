"""Through the admin site nothing that a gate or the seal reads changes but by the same actions."""

from collections.abc import Callable

import pytest
from django.test import Client

from approvals.actions import submit_release
from approvals.models import ChecklistItem, Policy
from core.choices import RoleKind
from core.models import AuditEntry, Product, User
from releases.models import Release
from tests.approvals.test_signing import asked, sign

BrowserOf = Callable[[User], Client]
LISTS = [
    *(
        f"approvals/{name}"
        for name in ("policy", "stage", "checklistitem", "tick", "signoffrequest", "decision", "seal")
    ),
    *(f"approvals/{name}" for name in ("decisionreason", "tickevidence")),
    *(f"validation/{name}" for name in ("scenario", "run", "result", "resultnote", "finding", "findingevent")),
]


@pytest.fixture
def admin(olga: User, browser_of: BrowserOf) -> Client:
    olga.is_staff = True
    olga.save()
    return browser_of(olga)


def stages(team: int, quorum: int = 1) -> dict[str, object]:
    """The form of one stage, as the browser sends it."""
    return {
        "stages-TOTAL_FORMS": 1,
        "stages-INITIAL_FORMS": 0,
        "stages-0-name": "Business",
        "stages-0-team": team,
        "stages-0-order": 0,
        "stages-0-quorum": quorum,
        "stages-0-due_hours": 24,
        "stages-0-covers": "[]",
    }


@pytest.mark.parametrize("page", LISTS)
def test_every_model_can_be_looked_at(
    page: str, admin: Client, release: Release, policy: Policy, rhea: User, bea: User
) -> None:
    submit_release(release=release, actor=rhea)
    sign(asked(release, "Business"), bea)
    assert admin.get(f"/admin/{page}/?q=x").status_code == 200


def test_a_policy_added_there_is_the_next_version_and_on_record(
    admin: Client, storefront: Product, policy: Policy, olga: User
) -> None:
    team = storefront.teams.get(name="Business")
    assert admin.get("/admin/approvals/policy/add/").status_code == 200
    admin.post("/admin/approvals/policy/add/", {"product": storefront.pk, **stages(team.pk)})
    newest = Policy.objects.filter(product=storefront).first()
    assert newest and newest.version == 2 and newest.created_by == olga
    assert newest.stages.get().due_hours == 24
    assert AuditEntry.objects.filter(action="policy_set", actor=olga).count() == 2


def test_p12_an_impossible_policy_is_refused_there_too(admin: Client, storefront: Product, policy: Policy) -> None:
    team = storefront.teams.get(name="Business")
    answer = admin.post("/admin/approvals/policy/add/", {"product": storefront.pk, **stages(team.pk, 9)}, follow=True)
    assert "Not done. Business demands 9 signatures" in answer.content.decode()
    assert Policy.objects.count() == 1


@pytest.mark.parametrize("covers", ["", "null", "5", '{"a": 1}', "[1]", "[[1]]", '["features"]'])
def test_p12_what_a_stage_covers_is_a_list_of_names(
    covers: str, admin: Client, storefront: Product, policy: Policy
) -> None:
    form = {"product": storefront.pk, **stages(storefront.teams.get(name="Business").pk), "stages-0-covers": covers}
    assert admin.post("/admin/approvals/policy/add/", form).status_code in {200, 302}
    newest = Policy.objects.filter(product=storefront).first()
    assert newest and newest.version == (2 if covers in {"", "null", '["features"]'} else 1)


@pytest.mark.parametrize(
    "steps", ["5", '"abc"', '{"do": "x"}', "[1]", '[{"do": 1}]', '[{"do": "x", "expect": 5}]', '[{"do": "\\u0000"}]']
)
def test_p12_steps_that_are_none_are_refused(
    steps: str, admin: Client, storefront: Product, release: Release, olga: User
) -> None:
    olga.roles.create(product=storefront, kind=RoleKind.TESTER)
    form = {"release": release.pk, "title": "A customer filters", "steps": steps}
    assert admin.post("/admin/validation/scenario/add/", form).status_code in {200, 302, 400}
    assert not release.scenarios.exists()
    admin.post("/admin/validation/scenario/add/", {**form, "steps": ""})
    assert release.scenarios.get().steps == []


def test_p12_a_null_character_in_a_filter_is_a_bad_request(admin: Client) -> None:
    assert admin.get("/admin/approvals/decision/?verdict=%00").status_code == 400


def test_p7_decisions_and_policies_offer_no_change_there(
    admin: Client, release: Release, policy: Policy, rhea: User, bea: User
) -> None:
    submit_release(release=release, actor=rhea)
    decision = sign(asked(release, "Business"), bea)
    for page in (f"approvals/decision/{decision.pk}", f"approvals/policy/{policy.pk}"):
        assert admin.get(f"/admin/{page}/change/").status_code == 200
        assert admin.post(f"/admin/{page}/change/", {}).status_code == 403
        assert admin.post(f"/admin/{page}/delete/", {"post": "yes"}).status_code == 403


def test_a_checklist_item_is_added_there_as_its_release_manager_or_not_at_all(
    admin: Client, storefront: Product, release: Release, rhea: User, browser_of: BrowserOf
) -> None:
    sent = {"release": release.pk, "text": "Support knows", "team": storefront.teams.get(name="QA").pk}
    admin.post("/admin/approvals/checklistitem/add/", sent)
    assert not ChecklistItem.objects.exists()
    rhea.is_staff = True
    rhea.save()
    browser_of(rhea).post("/admin/approvals/checklistitem/add/", sent)
    item = ChecklistItem.objects.get()
    assert AuditEntry.objects.filter(action="checklist_item_added", actor=rhea).exists()
    browser_of(rhea).post(f"/admin/approvals/checklistitem/{item.pk}/delete/", {"post": "yes"})
    assert not ChecklistItem.objects.exists()
