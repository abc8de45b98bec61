"""The versions of a flag on their pages: who, when, why, what changed, and making it that again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.models import Environment, User
from flags import actions
from flags.choices import ChangeState
from flags.models import Flag, FlagSet, FlagVersion, PlannedChange
from flags.views import history
from tests.flags.conftest import HOLDER, state_of
from tests.flags.typed import typed

BrowserOf = Callable[[User], Client]
PAGE = "/flags/storefront/search-typo/"


def version(flag: Flag, environment: Environment, number: int) -> str:
    """The address of the version that was the `number`-th there."""
    kept = FlagVersion.objects.filter(flag=flag, environment=environment).order_by("version")[number - 1]
    return f"{PAGE}{environment.slug}/versions/{kept.version}/"


@pytest.fixture
def changed(typo: Flag, production: Environment, emil: User) -> Flag:
    """Given to 25 %, then to 50 % and a pinned user."""
    said: dict[str, Any] = {"flag": typo, "environment": production, "actor": emil}
    actions.set_weight(**said, weight=25_000, reason="A quarter first")
    actions.set_weight(**said, weight=50_000)
    actions.set_targeting(**said, targeting={"pins": {"u-1": "on"}})
    return typo


def test_the_history_reads_in_words_newest_first(
    changed: Flag, tomas: User, browser_of: BrowserOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser_of(tomas)
    page = client.get(f"{PAGE}production/history/").content.decode()
    assert "<del>25\u00a0%</del>" in page and "<ins>50\u00a0%</ins>" in page and "A quarter first" in page
    assert page.index("u-1") < page.index("<ins>50") < page.index("<ins>25") < page.index("created the flag")
    monkeypatch.setattr(history, "MOST", 2)
    page = client.get(f"{PAGE}production/history/").content.decode()
    older = page.partition("?before=")[2].partition('"')[0]
    assert "<ins>50" in page and "<ins>25" not in page, "the last of a page stands beside the one before it"
    rest = client.get(f"{PAGE}production/history/?before={older}").content.decode()
    assert "<ins>25" in rest and "created the flag" in rest and ">Older<" not in rest
    assert client.get(f"{PAGE}production/history/?before=x").status_code == 200


def test_a_version_is_made_again_with_a_reason(
    changed: Flag, production: Environment, emil: User, tomas: User, otto: User, browser_of: BrowserOf
) -> None:
    path = version(changed, production, 2)
    assert "Restore it" not in browser_of(tomas).get(path).content.decode()
    assert browser_of(otto).get(path).status_code == 404
    assert browser_of(emil).get(f"{PAGE}production/versions/99999/").status_code == 404
    assert browser_of(tomas).post(path, {}).status_code == 403
    page = browser_of(emil).get(path).content.decode()
    assert "Everyone: 25\u00a0% <code>on</code>" in page and "<ins>25\u00a0%</ins>" in page
    done = browser_of(emil).post(path, typed(page, path, reason="It was calmer"), follow=True).content.decode()
    assert "It was calmer" not in done and "made search-typo in production what it was at version" in done
    state = state_of(changed, production)
    assert (state.weight, state.targeting["pins"]) == (25_000, {})
    assert "It was calmer" in browser_of(emil).get(f"{PAGE}production/history/").content.decode()
    assert "It decides now as it did then" in browser_of(emil).get(path).content.decode()


def test_whoever_restores_what_another_changed_meanwhile_hears_of_it(
    changed: Flag, production: Environment, rhea: User, emil: User, browser_of: BrowserOf
) -> None:
    path = version(changed, production, 2)
    fields = typed(browser_of(rhea).get(path).content.decode(), path, reason="Calmer")
    actions.kill(flag=changed, environment=production, actor=emil, reason="It burns")
    answer = browser_of(rhea).post(path, fields)
    page = answer.content.decode()
    assert answer.status_code == 409 and "It burns" in page and "off for everybody" in page
    assert typed(page, path)["reason"] == ["Calmer"]
    assert browser_of(rhea).post(path, typed(page, path)).status_code == 303
    assert not state_of(changed, production).enabled, "the kill switch stays as it is"


def test_p1_nothing_grows_by_restoring(
    changed: Flag, production: Environment, rhea: User, emil: User, browser_of: BrowserOf
) -> None:
    actions.set_weight(flag=changed, environment=production, weight=0, actor=emil)
    FlagSet.objects.filter(environment=production).update(second_person=True)
    path = version(changed, production, 2)
    page = browser_of(emil).get(path).content.decode()
    asked = browser_of(emil).post(path, typed(page, path), follow=True).content.decode()
    assert "somebody else has to agree" in asked and state_of(changed, production).weight == 0
    assert PlannedChange.objects.get().state == ChangeState.WAITING
    PlannedChange.objects.update(state=ChangeState.REFUSED)
    actions.claim(flags=[changed], holder=HOLDER, label="Search 2.0", seed="release-7", actor=rhea)
    refused = browser_of(emil).post(path, typed(browser_of(emil).get(path).content.decode(), path))
    assert refused.status_code == 422 and "belongs to Search 2.0" in refused.content.decode()
    assert state_of(changed, production).weight == 0


def test_what_restoring_does_not_bring_back_is_said_by_name(
    typo: Flag, production: Environment, emil: User, browser_of: BrowserOf
) -> None:
    conditions = [{"attribute": "email", "op": "ends_with", "value": f"@{name}.example"} for name in ("a", "b", "c")]
    segment, old = (
        actions.create_segment(product=typo.product, key=key, name=key, condition=conditions[0], actor=emil)
        for key in ("beta", "old")
    )
    rules = [{"name": "", "when": {"segment": key}, "serve": {"variant": "off"}} for key in ("beta", "old")]
    said: dict[str, Any] = {"flag": typo, "environment": production, "actor": emil}
    actions.set_targeting(**said, targeting={"rules": rules})
    for condition in conditions[1:]:
        actions.change_segment(segment=segment, actor=emil, name="beta", description="", condition=condition)
    path = version(typo, production, 3)  # the segment's first change
    page = browser_of(emil).get(path).content.decode()
    assert "It decides now as it did then" not in page and ">Restore<" not in page and "nothing to restore" in page
    stays = page.partition("What restoring does not bring back")[2]
    assert "beta:" in stays and "<del>email ends with @b.example</del>" in stays
    assert "<ins>email ends with @c.example</ins>" in stays and f'href="{segment.get_absolute_url()}"' in stays
    assert "old:" not in stays, "it is as it was"
    actions.set_targeting(**said, targeting={"rules": rules[:1]})
    actions.delete_segment(segment=old, actor=emil)
    values = [{"name": "on", "value": True}, {"name": "off", "value": False}, {"name": "new", "value": True}]
    actions.set_variants(flag=typo, variants=values, actor=emil)
    actions.kill(**said, reason="It burns")
    page = browser_of(emil).get(path).content.decode()
    brings, _, stays = page.partition("What restoring does not bring back")
    assert "rule 2, new" in brings and ">Restore<" in brings
    assert "Segments, gone" in stays and "Kill switch" in stays and f'href="{PAGE}values/"' in stays
    assert "<ins>off for everybody</ins>" in stays and "new:" in stays
