"""A segment's page tells what each change of it was, and why."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from core.models import AuditEntry, Environment, User
from flags import actions
from flags.models import Flag, Segment
from tests.flags.conftest import HOLDER

PRO = {"attribute": "plan", "op": "equals", "value": "pro"}
TEAM = {"attribute": "plan", "op": "in", "value": ["pro", "team"]}


def made(flag: Flag, emil: User) -> Segment:
    return actions.create_segment(product=flag.product, key="vip", name="VIP", condition=PRO, actor=emil)


def test_a_change_of_a_segment_reads_from_what_to_what_and_why(
    typo: Flag, emil: User, browser_of: Callable[[User], Client]
) -> None:
    segment = made(typo, emil)
    said: dict[str, Any] = {"description": "", "actor": emil}
    actions.change_segment(segment=segment, name="VIP", condition=TEAM, reason="Teams pay too", **said)
    actions.change_segment(segment=segment, name="VIPs", condition=TEAM, **said)
    log = browser_of(emil).get(segment.get_absolute_url()).content.decode().partition('class="log"')[2]
    assert "<del>plan is pro</del>" in log and "<ins>plan is pro or team</ins>" in log and ": Teams pay too" in log
    assert "<del>VIP</del>" in log and "<ins>VIPs</ins>" in log and log.count("Who is in it") == 1
    for entry in AuditEntry.objects.filter(subject=f"segment:{segment.pk}"):
        assert "team" not in str(entry.data), "a condition may name people: only its salted hash is chained"


def test_a_change_that_a_release_hears_of_is_told_once_on_the_segment_s_page(
    typo: Flag, production: Environment, emil: User, rhea: User, browser_of: Callable[[User], Client]
) -> None:
    segment = made(typo, emil)
    rule = {"name": "", "when": {"segment": "vip"}, "serve": {"variant": "off"}}
    actions.set_targeting(flag=typo, environment=production, targeting={"rules": [rule]}, actor=emil)
    actions.claim(flags=[typo], holder=HOLDER, label="Search 2.0", seed="release-7", actor=rhea)
    actions.change_segment(segment=segment, name="VIP", description="", condition=TEAM, actor=emil)
    assert AuditEntry.objects.filter(action="segment_changed").count() == 2
    page = browser_of(emil).get(segment.get_absolute_url()).content.decode()
    assert page.count("changed the segment vip") == 1 and page.count("Who is in it</span>") == 1
