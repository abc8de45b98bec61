"""How much work the patterns of a flag, and of a whole environment, may be: counted wherever they are saved."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import Refused
from core.models import Environment, Product, User
from flags import actions
from flags.evaluation import ENVIRONMENT_STEPS, FLAG_STEPS
from flags.models import Flag, FlagState, Segment
from tests.flags.conftest import state_of
from tests.flags.heavy import heavy, rule

FLAG = heavy(FLAG_STEPS)
HALF = len(FLAG) // 2
SEGMENT = {"name": "", "when": {"segment": "agents"}, "serve": {"variant": "on"}}
PLAIN = {"attribute": "plan", "op": "equals", "value": "pro"}


@pytest.fixture
def agents(storefront: Product, emil: User) -> Segment:
    return actions.create_segment(product=storefront, key="agents", name="Agents", condition=PLAIN, actor=emil)


def save(flag: Flag, environment: Environment, *rules: dict[str, Any]) -> FlagState:
    return actions.set_targeting(flag=flag, environment=environment, targeting={"rules": list(rules)}, actor=None)


def change(segment: Segment, *sources: str) -> Segment:
    condition = rule(*sources)["when"] if sources else PLAIN
    return actions.change_segment(segment=segment, name="Agents", description="", condition=condition, actor=None)


def other(product: Product, key: str) -> Flag:
    return actions.create_flag(product=product, key=key, name=key, actor=None)


def fill(product: Product, environment: Environment) -> list[str]:
    """All that may be asked there, by several flags; the patterns."""
    sources = heavy(ENVIRONMENT_STEPS)
    for at in range(0, len(sources), HALF):
        save(other(product, f"f-{at}"), environment, rule(*sources[at : at + HALF]))
    return sources


def test_p12_a_flag_asks_no_more_than_it_may(typo: Flag, staging: Environment) -> None:
    save(typo, staging, rule(*FLAG[:HALF]), rule(*FLAG[HALF:]), rule(*FLAG))
    with pytest.raises(Refused, match=r"would make 1,[0-9]{3} steps in RE2; there may be 1,500\.") as refused:
        save(typo, staging, rule(*FLAG), rule("one more, a{80}"))
    assert refused.value.field == "targeting.rules"
    assert len(state_of(typo, staging).targeting["rules"]) == 3


def test_p12_what_a_flags_segments_ask_is_counted_with_it(
    typo: Flag, staging: Environment, agents: Segment, storefront: Product
) -> None:
    change(agents, *FLAG[:HALF])
    outer = {"not": {"segment": "agents"}}
    actions.create_segment(product=storefront, key="outer", name="Outer", condition=outer, actor=None)
    through = {**SEGMENT, "when": {"any": [PLAIN, {"segment": "outer"}]}}
    save(typo, staging, rule(*FLAG[HALF:]), through)
    with pytest.raises(Refused, match="of its segments would make"):
        save(typo, staging, rule(*FLAG[HALF:], "one more, a{80}"), through)


def test_p12_a_segment_asks_no_more_than_each_flag_that_uses_it_may(
    typo: Flag, staging: Environment, agents: Segment
) -> None:
    save(typo, staging, rule(*FLAG[HALF:]), SEGMENT)
    change(agents, *FLAG[:HALF])
    with pytest.raises(Refused, match="search-typo in Storefront staging and those of its segments") as refused:
        change(agents, *FLAG[:HALF], "one more, a{80}")
    assert refused.value.field == "condition"
    assert change(agents).condition == PLAIN, "less is always taken"


def test_p12_all_flags_of_an_environment_ask_no_more_than_they_may_together(
    typo: Flag, storefront: Product, staging: Environment, production: Environment
) -> None:
    sources = fill(storefront, staging)
    save(typo, staging, rule(*sources[:HALF]))
    with pytest.raises(
        Refused, match="All patterns of Storefront staging's flags and of the product's segments"
    ) as refused:
        save(typo, staging, rule(*sources[:HALF], "one more, a{80}"))
    assert refused.value.field == "targeting.rules"
    with pytest.raises(Refused):
        save(typo, staging, {**rule(sources[0]), "when": {"attribute": "other", "op": "matches", "value": sources[0]}})
    save(typo, production, rule("one more, a{80}"))


def test_p12_segments_ask_no_more_than_any_environment_has_left(
    storefront: Product, production: Environment, agents: Segment
) -> None:
    sources = fill(storefront, production)
    change(agents, sources[0])
    with pytest.raises(Refused, match="All patterns of Storefront production's flags") as refused:
        change(agents, "one more, a{80}")
    assert refused.value.field == "condition"
    condition = rule("one more, a{80}")["when"]
    with pytest.raises(Refused):
        actions.create_segment(product=storefront, key="more", name="More", condition=condition, actor=None)


def test_p12_what_segments_ask_is_counted_in_each_environment(
    typo: Flag, storefront: Product, staging: Environment, agents: Segment
) -> None:
    sources = fill(storefront, staging)
    save(Flag.objects.get(key="f-0"), staging)
    change(agents, *sources[:HALF])
    with pytest.raises(Refused, match="and of the product's segments"):
        save(typo, staging, rule("one more, a{80}"))


def test_an_archived_flag_makes_room_and_comes_back_only_where_there_is_some(
    typo: Flag, storefront: Product, staging: Environment
) -> None:
    sources = fill(storefront, staging)
    first = Flag.objects.get(key="f-0")
    actions.archive_flag(flag=first, actor=None)
    save(typo, staging, rule(*(f"{source}, another" for source in sources[: HALF - 2])))
    with pytest.raises(Refused, match="All patterns of Storefront staging"):
        actions.unarchive_flag(flag=first, actor=None)
    first.refresh_from_db()
    assert first.archived_at
    save(typo, staging)
    assert actions.unarchive_flag(flag=first, actor=None).archived_at is None


def test_what_is_saved_already_may_be_saved_again_though_it_is_too_much(
    typo: Flag, storefront: Product, staging: Environment
) -> None:
    """As after two were made in the same moment: nobody is kept from asking less."""
    fill(storefront, staging)
    many = [rule(*FLAG, "one more, a{80}", "and another, a{80}")]
    FlagState.objects.filter(flag=typo, environment=staging).update(
        targeting={**state_of(typo, staging).targeting, "rules": many}
    )
    save(typo, staging, {**many[0], "name": "The same"})
    save(typo, staging, rule(*FLAG, "one more, a{80}"))
    with pytest.raises(Refused):
        save(typo, staging, *many)


def test_whoever_asks_no_pattern_does_not_pay_for_the_count(typo: Flag, staging: Environment) -> None:
    with CaptureQueriesContext(connection) as queries:
        save(typo, staging, {**rule(), "when": PLAIN})
    assert not any("jsonb_path_query" in one["sql"] for one in queries)
    with CaptureQueriesContext(connection) as queries:
        save(typo, staging, rule("a"))
    assert sum("jsonb_path_query" in one["sql"] for one in queries) == 1
