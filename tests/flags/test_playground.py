"""The playground: what a user gets and why, now and then; it changes nothing, counts nothing, and takes anything."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from core.models import AuditEntry, Environment, Product, User
from flags import actions, buckets
from flags.evaluation import Definition, Targeting, bucket, default_targeting, explain
from flags.forms.play import CannotAsk, Question
from flags.models import Flag, FlagUsage
from tests.flags.conftest import HOLDER, state_of

BrowserOf = Callable[[User], Client]
PAGE = "/flags/storefront/search-typo/"
RULE = {"name": "Asia", "when": {"attribute": "user.country", "op": "in", "value": ["JP", "KR"]}}


def words(page: Any) -> str:
    return str(page.content.decode()).replace("\u00a0", " ")


def test_it_says_why_and_changes_nothing(
    claimed: Flag, production: Environment, tomas: User, browser_of: BrowserOf
) -> None:
    actions.move(flag=claimed, environment=production, weight=50_000, build="", claim=HOLDER, fence=1)
    before = state_of(claimed, production).version, AuditEntry.objects.count()
    toms = browser_of(tomas)
    page = words(toms.get(PAGE, {"environment": "production", "user": "u-1"}))
    place = bucket("release-7", "u-1")
    said = f"bucket {place:,} {'lies' if place < 50_000 else 'does not lie'} below 50,000".replace(",", " ")
    assert said in page and f"Bucket {place} of 100000" in page
    assert "needs a targetingKey" in words(toms.get(PAGE, {"environment": "production"}))
    assert (state_of(claimed, production).version, AuditEntry.objects.count()) == before
    assert not FlagUsage.objects.exists()


def test_it_offers_what_the_rules_ask_for(
    typo: Flag, staging: Environment, emil: User, tomas: User, browser_of: BrowserOf
) -> None:
    rule = {**RULE, "serve": {"variant": "on"}}
    actions.set_targeting(flag=typo, environment=staging, targeting={"rules": [rule]}, actor=emil)
    toms = browser_of(tomas)
    assert 'name="a" value="user.country"' in words(toms.get(PAGE))
    asked = {"environment": "staging", "user": "u-1", "a": ["user.country", ""], "v": ["KR", ""]}
    page = words(toms.get(PAGE, asked))
    assert "u-1 gets <code>on</code> in staging" in page and "the rule Asia fits" in page
    other = {"environment": "staging", "user": "u-1", "context": '{"user": {"country": "DE"}}'}
    page = words(toms.get(PAGE, other))
    assert "u-1 gets <code>off</code> in staging" in page and "&quot;DE&quot;" in page


@pytest.mark.parametrize("user", ["a\\x00b", "a\x00b", " a "])
def test_whoever_is_typed_is_asked(user: str, typo: Flag, tomas: User, browser_of: BrowserOf) -> None:
    """Letter for letter: another user stands in another place."""
    data = QueryDict(mutable=True)
    data.update({"environment": "staging", "user": user})
    assert Question.sent(data).context() == {"targetingKey": user}
    assert browser_of(tomas).get(f"{PAGE}?{data.urlencode()}").status_code == 200


def test_a_past_version_answers_as_it_did_with_all_that_it_needs(
    storefront: Product, typo: Flag, staging: Environment, emil: User, tomas: User, browser_of: BrowserOf
) -> None:
    condition: dict[str, Any] = {"attribute": "plan", "op": "equals", "value": "pro"}
    segment = actions.create_segment(product=storefront, key="pros", name="Pros", condition=condition, actor=emil)
    index = actions.create_flag(product=storefront, key="index", name="Index", actor=emil)
    rule = {"name": "", "when": {"segment": "pros"}, "serve": {"variant": "on"}}
    on: dict[str, Any] = {"environment": staging, "actor": emil}
    actions.set_weight(flag=index, weight=100_000, **on)
    needs = [{"flag": "index", "variants": ["on"]}]
    state = actions.set_targeting(flag=typo, targeting={"rules": [rule], "needs": needs}, **on)
    then = state.version
    actions.set_weight(flag=index, weight=0, **on)
    without_index = state_of(index, staging).version
    actions.change_segment(
        segment=segment, actor=emil, name="Pros", description="", condition={**condition, "value": "team"}
    )
    asked: dict[str, str | int] = {"environment": "staging", "user": "u-1", "a": "plan", "v": "pro"}
    toms = browser_of(tomas)
    assert "u-1 got <code>on</code> in staging,</b> because the rule" in words(
        toms.get(PAGE, {**asked, "version": then})
    )
    page = words(toms.get(PAGE, {**asked, "version": without_index}))
    assert "got <code>off</code>" in page and "it needs index, which gives off" in page
    assert f"so since version {then}" in page and "Emil Sand" in page
    assert "gets <code>off</code>" in words(toms.get(PAGE, asked))
    assert "not there at version 0" in words(toms.get(PAGE, {**asked, "version": "0"}))
    actions.set_weight(flag=index, weight=0, **on)
    actions.set_targeting(flag=typo, targeting={"rules": [rule]}, **on)
    actions.archive_flag(flag=typo, actor=emil)
    gone = state_of(typo, staging).version
    actions.unarchive_flag(flag=typo, actor=emil)
    assert f"not there at version {gone}" in words(toms.get(PAGE, {**asked, "version": gone}))
    assert "got <code>" in words(toms.get(PAGE, {**asked, "version": gone + 1}))
    assert "still to come" in words(toms.get(PAGE, {**asked, "version": "9" * 18}))
    with CaptureQueriesContext(connection) as counted:
        toms.get(PAGE, {**asked, "version": then})
    assert sum("flags_flagversion" in one["sql"] for one in counted.captured_queries) <= 2


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"version": "x"}, "A version is a whole number"),
        ({"version": "-1"}, "A version is a whole number"),
        ({"context": "{"}, "no JSON"),
        ({"context": "[1]"}, "JSON object"),
        ({"context": '{"targetingKey": 5}'}, "targetingKey must be a string"),
        ({"context": '{"a":' + "[" * 900 + "]" * 900 + "}"}, "JSON object"),
        ({"context": '{"a": "\\ud800"}'}, "no JSON"),
        ({"a": "a..b", "v": "1"}, "is no attribute"),
        ({"a": "u", "v": "1", "context": '{"u": {"name": 1}, "targetingKey": null}'}, "targetingKey must be a string"),
        ({"a": "u.name", "v": "x", "context": '{"u": 1}'}, "u is no object"),
        ({"a": ".".join("abcdefghij"), "v": "1"}, "is no attribute"),
    ],
)
def test_p12_what_cannot_be_asked_is_said(asked: dict[str, str], says: str) -> None:
    data = QueryDict(mutable=True)
    data.update({"environment": "staging", **asked})
    question = Question.sent(data)
    with pytest.raises(CannotAsk, match=says):
        (question.number(), question.context())


def test_p12_what_cannot_be_asked_stays_in_the_form(typo: Flag, tomas: User, browser_of: BrowserOf) -> None:
    asked = {"user": "u-77", "a": "plan", "v": "pro", "context": "{"}
    for wrong in ({"environment": "nowhere", "context": ""}, {"environment": "staging"}):
        page = browser_of(tomas).get(PAGE, {**asked, **wrong})
        assert page.status_code == 422 and "Not asked." in words(page)
        assert 'value="u-77"' in words(page) and 'value="plan"' in words(page)


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=12), st.text(max_size=12), st.text(max_size=8))
def test_p12_whatever_is_typed_is_asked_or_refused(user: str, text: str, name: str, value: str, version: str) -> None:
    data = QueryDict(mutable=True)
    data.update({"environment": "e", "user": user, "context": text, "a": name, "v": value, "version": version})
    question = Question.sent(data)
    flag = Definition("f", weight=40_000, seed="s", targeting=_split())
    try:
        question.number()
        context = question.context()
    except CannotAsk:
        return
    trace = explain(flag, {"f": flag}, {}, context)
    for line in buckets.lines(trace):
        assert 0 <= line.mark <= buckets.WIDTH and sum(piece.width for piece in line.pieces) <= buckets.WIDTH + 0.1
    assert str(question.shown(["country"])).encode(), "nothing that a page could not hold"


def _split() -> Targeting:
    return {**default_targeting(("on", "off")), "on": {"split": [["on", 60_000], ["off", 40_000]]}}
