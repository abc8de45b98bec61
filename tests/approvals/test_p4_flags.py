"""P4: what a signed flag gives whom beside its percentage is read before it is signed, and told when it changes."""

from collections.abc import Callable

import pytest
from django.test import Client

from approvals.since import since
from core.models import User
from flags import sealed
from flags.actions import create_segment, set_targeting
from flags.evaluation import phrases
from releases.seal import Part
from tests.approvals.world import World

BrowserOf = Callable[[User], Client]


def test_p4_who_gets_a_flag_beside_the_percentage_is_read_and_signed(
    world: World, browser_of: BrowserOf, emil: User
) -> None:
    address = f"/approve/{world.asked('Business').pk}/"
    create_segment(
        product=world.release.product,
        key="vip",
        name="VIP",
        condition={"attribute": "plan", "op": "equals", "value": "pro"},
        actor=emil,
    )
    targeting = {
        "pins": {f"u-{number}@example.com": "on" for number in range(20)},
        "needs": [{"flag": "spare", "variants": ["on"]}],
        "rules": [{"name": "Our best", "when": {"segment": "vip"}, "serve": {"variant": "on"}}],
    }
    set_targeting(flag=world.flag, environment=world.production, targeting=targeting, actor=emil)
    page = browser_of(world.bea).get(address).content.decode()
    whom = page.partition("<dt>To whom</dt>")[2].partition("</dd>")[0]
    assert "<code>search-typo</code> needs <code>spare</code> to give <code>on</code>" in whom
    assert "20 users pinned to <code>on</code>" in whom and "@example.com" not in whom
    assert "Our best (in the segment <code>vip</code>) → <code>on</code>" in whom
    few, _, full = page.partition('id="changed"')[2].partition("Full difference")
    for words in ("rule 1, new:", "Our best: in the segment vip → on", "needs · spare:", "plan is pro"):
        assert words in few, "a hundred pins hide no rule"
    assert "and 17 more" in few and "who gets what" not in few and full.count("@example.com") >= 20
    panel = browser_of(world.rhea).get(f"/releases/{world.release.pk}/").content.decode()
    assert "What changed since Business decided" in panel and "Our best: in the segment vip → on" in panel
    [item] = [one for one in world.settle() if one.decision.person == world.bea]
    assert ("Flags", "search-typo · rule 1, new: Our best: in the segment vip → on") in item.since.lines


ROW = {"flag": "a", "values": [], "on": {"variant": "on"}, "off": "off", "pins": {}, "needs": [], "rules": []}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"new fact": 1}, {"new fact": 2}, ("a · new fact", "1", "2")),
        ({}, {"for clients": False}, ("who gets what · a · for clients", "", "no")),
        ({}, {"for clients": True}, ("a · readable by client keys", "no", "yes")),
    ],
)
def test_p4_what_no_sentence_is_known_for_is_shown_all_the_same(
    before: dict[str, object], after: dict[str, object], told: tuple[str, str, str]
) -> None:
    features = [{"feature": "A", "flags": ["a"]}]
    was, now = ({"features": features, "who gets what": [{**ROW, **more}]} for more in (before, after))
    part = Part(name="flags", title="Flags", content=now)
    [found] = since([part], {"flags": {"digest": "", "content": was}}).changed
    assert [(line.what, line.before, line.after) for line in found.all] == [told]


def test_p4_what_is_true_of_several_flags_is_said_once() -> None:
    rows = [{**ROW, "flag": key, "for clients": True} for key in ("a", "b", "c")]
    rows[1] = {**rows[1], "already given": True}
    assert [phrases.plain(line) for line in sealed.whom(rows)] == [
        "a, b and c: readable by client keys",
        "b: somebody in production had it before this release",
    ]
