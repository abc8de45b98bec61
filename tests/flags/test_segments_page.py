"""Segments as people see and change them."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import Environment, Product, User
from flags import actions
from flags.models import Flag, Segment
from tests.flags.conftest import HOLDER
from tests.flags.typed import typed

BrowserOf = Callable[[User], Client]
HERE = "/products/storefront/flags/segments/"
STAFF = {"attribute": "user.group", "op": "equals", "value": "staff"}
ROWS = {
    "when-match": "all",
    "when-attribute": ["plan", ""],
    "when-op": ["in", "equals"],
    "when-value": ["pro, team", ""],
}


@pytest.fixture
def staff(storefront: Product, emil: User) -> Segment:
    return actions.create_segment(product=storefront, key="staff", name="Staff", condition=STAFF, actor=emil)


def using(flag: Flag, environment: Environment, actor: User, segment: str = "staff", name: str = "Insiders") -> None:
    rule = {"name": name, "when": {"segment": segment}, "serve": {"variant": "on"}}
    actions.set_targeting(flag=flag, environment=environment, targeting={"rules": [rule]}, actor=actor)


def sent(segment: Segment, **changes: object) -> dict[str, object]:
    return {"name": segment.name, "description": "", "edition": segment.edition, **ROWS, **changes}


def test_a_segment_is_made_in_rows(storefront: Product, emil: User, browser_of: BrowserOf) -> None:
    emils = browser_of(emil)
    assert emils.get("/flags/new-segment/").status_code == 200
    fields = {"product": storefront.pk, "key": "payers", "name": "Payers", **ROWS}
    more = emils.post("/flags/new-segment/", {**fields, "when-more": "1"})
    assert more.status_code == 200 and more.content.decode().count('name="when-attribute"') == 4
    assert not Segment.objects.exists()
    assert emils.post("/flags/new-segment/", fields)["Location"] == f"{HERE}payers/"
    assert Segment.objects.get().condition == {"attribute": "plan", "op": "in", "value": ["pro", "team"]}
    page = emils.get(f"{HERE}payers/").content.decode()
    assert "<code>plan</code> is <code>pro</code> or <code>team</code>" in page and "No rule asks for it" in page
    assert "made the segment payers" in page
    again = emils.post("/flags/new-segment/", fields)
    assert again.status_code == 409 and "already has a segment payers" in again.content.decode()


def test_p12_what_is_wrong_is_said_and_nothing_is_lost(staff: Segment, emil: User, browser_of: BrowserOf) -> None:
    emils, bad = browser_of(emil), {"when-attribute": ["age"], "when-op": ["more"], "when-value": ["old"]}
    for field in (
        {**bad},
        {"name": ""},
        {"edition": "x"},
        {"when-as": "json", "when-json": "{"},
        {"when-value": ["", ""]},
    ):
        answer = emils.post(f"{HERE}staff/", sent(staff, **field))
        assert answer.status_code == 422, field
    answer = emils.post(f"{HERE}staff/", sent(staff, name="Everybody", **bad))
    page = answer.content.decode()
    assert "This must be a number" in page and 'value="old"' in page and 'value="Everybody"' in page
    itself = sent(staff, **{"when-attribute": [""], "when-op": ["segment"], "when-value": ["staff"]})
    assert "There is no segment" in emils.post(f"{HERE}staff/", itself).content.decode()
    staff.refresh_from_db()
    assert (staff.edition, staff.condition) == (1, STAFF)


def test_the_second_of_two_sees_what_the_first_did_and_saves_on_top(
    staff: Segment, emil: User, rhea: User, browser_of: BrowserOf
) -> None:
    here, late = f"{HERE}staff/", browser_of(rhea)
    read = late.get(here).content.decode()
    more = {"name": "People here", "when-value": ["pro, team, solo", ""], "reason": "Solo is back"}
    assert browser_of(emil).post(here, sent(staff, **more)).status_code == 303
    fields = {**typed(read, here), "name": ["Colleagues"], "when-value": ["guests", ""]}
    answer = late.post(here, fields)
    page = answer.content.decode()
    assert answer.status_code == 409 and "Not saved: Emil Sand changed it meanwhile," in page and "Solo is back" in page
    theirs, _, mine = page.partition("Saved now, yours takes its place and would change:")
    assert "<del>Staff</del>" in theirs and "<ins>People here</ins>" in theirs
    assert "<ins>Colleagues</ins>" in mine and "solo" in mine.partition("<ins>user.group is guests")[0]
    assert "Save on top of that" in page and "Save the segment" not in page
    assert late.post(here, {**typed(page, here), "was": "["}).status_code == 303
    staff.refresh_from_db()
    assert (staff.name, staff.condition["value"]) == ("Colleagues", "guests")


@pytest.mark.parametrize("was", ["", "{}", "[1]", "null", '{"condition": 1}', '{"condition": {"all": 3}}'])
def test_p12_whatever_is_sent_as_how_it_was_shows_who_changed_it(
    was: str, staff: Segment, emil: User, browser_of: BrowserOf
) -> None:
    emils = browser_of(emil)
    emils.post(f"{HERE}staff/", sent(staff, name="People here"))
    answer = emils.post(f"{HERE}staff/", sent(staff, name="Colleagues", was=was))
    assert answer.status_code == 409 and "Emil Sand changed it meanwhile" in answer.content.decode()


def test_an_error_is_said_once_where_it_is(staff: Segment, emil: User, browser_of: BrowserOf) -> None:
    bad = {"when-attribute": ["age"], "when-op": ["more"], "when-value": ["old"]}
    page = browser_of(emil).post(f"{HERE}staff/", sent(staff, **bad)).content.decode()
    assert page.count("This must be a number") == 1 and page.count('aria-invalid="true"') == 1


def test_a_used_segment_names_its_rules_and_stays(
    staff: Segment, typo: Flag, staging: Environment, emil: User, tomas: User, browser_of: BrowserOf
) -> None:
    inner = actions.create_segment(
        product=typo.product, key="insiders", name="Insiders", condition={"segment": "staff"}, actor=emil
    )
    using(typo, staging, emil, segment="insiders")
    page = browser_of(emil).get(f"{HERE}staff/").content.decode()
    assert "search-typo" in page and "Insiders, through insiders" in page and "is made of it" in page
    assert "Delete the segment" not in page
    gone = browser_of(emil).post(f"{HERE}staff/delete/")
    assert gone.status_code == 409 and "insiders, search-typo use this segment" in gone.content.decode()
    actions.set_targeting(flag=typo, environment=staging, targeting={}, actor=emil)
    assert browser_of(emil).post(f"{HERE}{inner.key}/delete/").status_code == 303
    assert browser_of(emil).post(f"{HERE}staff/delete/").status_code == 303
    assert not Segment.objects.exists()
    assert browser_of(tomas).post("/flags/new-segment/", ROWS).status_code == 403


def test_p1_a_segment_does_not_bring_a_release_to_more_users(
    staff: Segment, claimed: Flag, production: Environment, emil: User, browser_of: BrowserOf
) -> None:
    using(claimed, production, emil)
    actions.move(flag=claimed, environment=production, weight=5_000, build="", claim=HOLDER, fence=1)
    answer = browser_of(emil).post(f"{HERE}staff/", sent(staff))
    page = answer.content.decode()
    assert answer.status_code == 422 and "Search 2.0: it grows only through its rollout" in page
    assert "pro, team" in page, "what was written is not lost"
    staff.refresh_from_db()
    assert staff.condition == STAFF


def test_outsiders_and_readers(
    staff: Segment, typo: Flag, tomas: User, otto: User, emil: User, staging: Environment, browser_of: BrowserOf
) -> None:
    assert browser_of(otto).get(f"{HERE}staff/").status_code == 404
    assert b"Staff" not in browser_of(otto).get("/flags/segments/").content
    toms = browser_of(tomas)
    assert b"Change it" not in toms.get(f"{HERE}staff/").content
    assert toms.post(f"{HERE}staff/", sent(staff)).status_code == 403
    assert toms.post(f"{HERE}staff/delete/").status_code == 403

    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert b"Staff" in toms.get("/flags/segments/").content
        return len(counted)

    before = queries()
    for number in range(5):
        actions.create_segment(
            product=typo.product, key=f"s{number}", name="More", condition={"segment": "staff"}, actor=emil
        )
    using(typo, staging, emil, segment="s1")
    assert queries() == before
