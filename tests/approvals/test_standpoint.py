"""How the approval page opens, for each who may come to it; and what it says of a change."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from approvals.since import since
from approvals.standpoint import Facts, standpoint
from core.models import User
from releases.actions import change_release
from releases.seal import Part
from tests.approvals.world import World


@pytest.mark.parametrize(
    ("facts", "tone", "lead"),
    [
        ({"may_decide": True}, "wait", "Your signature, for Business:"),
        ({"may_decide": True, "fell": True}, "wait", "Your signature again, for Business:"),
        (
            {"may_decide": True, "instead_of": "Bea Okafor"},
            "wait",
            "Your signature, for Business instead of Bea Okafor:",
        ),
        ({"counts": True, "granted": True}, "good", "You signed for Business:"),
        ({"counts": True}, "good", "You signed for Business:"),
        ({"may_decide": True, "refused": True, "refused_myself": True}, "bad", "You refused for Business:"),
        ({"handed_to": "Dora Falk"}, "none", "You handed your part, for Business, to Dora Falk:"),
        ({"handed_to": "Dora Falk", "finished": True, "status": "Complete"}, "none", "Complete:"),
        ({"refused": True}, "bad", "Refused for Business:"),
        ({"granted": True}, "good", "Signed for Business:"),
        ({"may_decide": True, "granted": True}, "good", "Signed for Business:"),
        ({}, "wait", "Waiting for Business:"),
        ({"finished": True, "status": "Cancelled", "counts": True}, "none", "Cancelled:"),
    ],
)
def test_each_reader_gets_a_first_line_of_their_own(facts: dict[str, Any], tone: str, lead: str) -> None:
    found = standpoint(Facts(stage="Business", **facts))
    assert (found.tone, found.lead) == (tone, lead)


def part(name: str, content: object, *cosmetic: str) -> Part:
    return Part(name=name, title=name.title(), content=content, cosmetic=frozenset(cosmetic))


def stored(*parts: Part) -> dict[str, dict[str, Any]]:
    return {one.name: {"title": one.title, "digest": one.digest, "content": one.content} for one in parts}


def test_a_change_is_said_in_one_line_where_it_has_one_and_in_full_below() -> None:
    old = part("plan", {"steps": [{"exposure": "5 %", "bakes for": "1 h"}, {"exposure": "100 %", "bakes for": "1 h"}]})
    new = part("plan", {"steps": [{"exposure": "25 %", "bakes for": "1 h"}, {"exposure": "100 %", "bakes for": "2 h"}]})
    same = part("flags", {"features": []})
    found = since([new, same], stored(old, same))
    assert found.same == ["flags"] and found.lines == [("Plan", "5 → 100 % → 25 → 100 %")]
    [full] = found.full
    assert found.more == len(full.lines) - 1 and full.more == 0


def test_wording_is_called_wording_and_a_part_that_is_new_is_new() -> None:
    old, new = (part("features", {"summary": text, "features": []}, "summary") for text in ("jaket", "jacket"))
    tests = part("tests", {"scenarios": [{"name": "Finds boots"}]})
    wording, fresh = since([new, tests], stored(old)).changed
    assert wording.wording and [line.after for line in wording.lines] == ["jacket"]
    assert not fresh.wording and fresh.lines[0].before == ""
    assert since([new, tests], stored(old), covers=["flags"]).changed == []


def test_p4_a_page_that_is_open_learns_that_it_is_out_of_date(
    world: World, browser_of: Callable[[User], Client]
) -> None:
    browser, address = browser_of(world.bea), f"/approve/{world.asked('Business').pk}/"
    read = world.case.digest
    part_of_it = browser.get(address, {"part": "stale", "seal": read}).text
    assert '<div id="stale" hidden' in part_of_it and f'data-live="{world.release.subject}"' in part_of_it
    change_release(release=world.release, way_back="None.", actor=world.rhea)
    part_of_it = browser.get(address, {"part": "stale", "seal": read}).text
    assert "This changed while you were reading." in part_of_it and 'stale" hidden' not in part_of_it
    assert f'href="{address}?read={read}"' in part_of_it
    page = browser.get(address, {"read": read}).text
    assert "Changed while you were reading" in page and "<ins>None.</ins>" in page
    answer = browser.post(address, {"verdict": "approve", "seal": read})
    assert answer.status_code == 409 and "Changed while you were reading" in answer.text
    assert "<ins>None.</ins>" in answer.text and " checked" not in answer.text
    assert "Business" not in world.granted()
