"""The backlog: which flags can go, why, whose they are, and what stands in the way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.models import Environment, Product, User
from core.weights import FULL
from flags import actions, backlog
from flags.actions.code import Place
from flags.backlog import Row
from flags.choices import Due, Stage
from flags.evaluation import default_targeting
from flags.lives import life_of, lives
from flags.models import Flag, FlagState, FlagUsage, PlannedChange
from releases.actions import create_release
from tests.queries import cost


def made(product: Product, key: str, actor: User, *, days: int = 100, weight: int = FULL, **more: Any) -> Flag:
    """A flag that is so old, and whose state in production has not changed for so long."""
    flag = actions.create_flag(product=product, key=key, name=key.title(), actor=actor, **more)
    since = clock.now() - timedelta(days=days)
    Flag.objects.filter(pk=flag.pk).update(created_at=since - timedelta(days=1))
    FlagState.objects.filter(flag=flag).update(changed_at=since)
    FlagState.objects.filter(flag=flag, environment__is_production=True).update(weight=weight)
    return Flag.objects.get(pk=flag.pk)


def asked_for(flag: Flag, *, days: int = 0, by_name: bool = True) -> None:
    at = clock.now() - timedelta(days=days)
    where = flag.product.environments.get(is_production=True)
    FlagUsage.objects.create(
        flag=flag, environment=where, variant="on", by_name=by_name, day=at.date(), count=3, last_at=at
    )


def told(user: User) -> dict[str, Row]:
    found = backlog.rows(Flag.objects.visible_to(user), user, clock.now())
    return {row.flag.key: row for row in found}


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_a_completed_release_hands_its_flags_over(
    storefront: Product, emil: User, rhea: User, browser_of: Callable[[User], Client]
) -> None:
    """They are at 100 %, nobody holds them any more, and the release that brought them is named."""
    flag = made(storefront, "search-typo", emil)
    release = create_release(product=storefront, name="Search 2.0", actor=rhea, way_back="One click.")
    holder = f"release:{release.pk}"
    actions.claim(flags=[flag], holder=holder, label="Search 2.0", seed=flag.seed, actor=rhea)
    FlagState.objects.update(changed_at=clock.now() - timedelta(days=99))
    assert told(rhea) == {} and life_of(Flag.objects.get(), clock.now()).stage == Stage.RAMPING
    actions.unclaim(holder=holder, actor=None, settle=True)
    [row] = told(rhea).values()
    assert not row.life.is_due, "not at once: somebody may still want it off"
    assert plain(row.reason.sentence) == "Everyone has it, and Search 2.0 is over: due in 14 d."
    page = browser_of(emil).get("/flags/backlog/")
    assert "Let go by a release" in page.text and (page.context["count"], page.context["coming"]) == (0, [row])
    FlagState.objects.update(changed_at=clock.now() - timedelta(days=20))
    [row] = told(rhea).values()
    assert plain(row.reason.sentence) == "Everyone has had it for 20 d, since Search 2.0 was over."
    assert row.can_ask and row.can_archive and row.owner == emil


def test_who_asks_decides_about_what_nobody_holds(storefront: Product, emil: User) -> None:
    flags = [made(storefront, key, emil, weight=5_000) for key in ("by-name", "in-bulk", "silent", "never")]
    assert told(emil) == {}, "nothing was ever counted: silence says nothing"
    asked_for(flags[0], days=1)
    asked_for(flags[1], days=1, by_name=False)
    asked_for(flags[2], days=31)
    FlagUsage.objects.create(
        flag=flags[0],
        environment=storefront.environments.get(slug="staging"),
        variant="off",
        by_name=True,
        day=(clock.now() - timedelta(days=90)).date(),
        last_at=clock.now() - timedelta(days=90),
    )
    assert {key: row.life.dues for key, row in told(emil).items()} == {"silent": [Due.UNASKED], "never": [Due.UNASKED]}
    report(storefront, emil, "by-name")
    assert "in-bulk" in told(emil), "code was looked through, and none mentions it"
    report(storefront, emil, "by-name", "in-bulk")
    assert "in-bulk" not in told(emil)


def report(product: Product, actor: User, *keys: str) -> None:
    places = [Place(key, "app.py", line) for line, key in enumerate(keys, 1)]
    actions.report_code(product=product, repository="shop/web", commit="abc", places=places, actor=actor)


def plan(flag: Flag, environment: Environment, actor: User) -> PlannedChange:
    """A change that waits until tomorrow."""
    made = actions.submit_change(
        flag=flag,
        environment=environment,
        changes={"weight": 5},
        actor=actor,
        action="flag_weight_set",
        due_at=clock.now() + timedelta(days=1),
    )
    assert isinstance(made, PlannedChange)
    return made


def test_what_stands_in_the_way_is_said_and_no_button_shown(
    storefront: Product, production: Environment, emil: User, tomas: User, browser_of: Callable[[User], Client]
) -> None:
    """As the action sees it. Code that mentions a flag hinders nobody, and is said beside the button."""
    old, other = made(storefront, "old", emil), made(storefront, "mentioned", emil)
    planned = made(storefront, "planned", emil)
    change = plan(planned, production, emil)
    made(storefront, "held", emil, expected_removal=clock.now().date() - timedelta(days=3))
    Flag.objects.filter(key="held").update(claim="release:7", claim_label="Search 2.0")
    needs = {"needs": [{"flag": "old", "variants": ["on"]}]}
    looks = made(storefront, "looks", emil, weight=5_000)
    state = FlagState.objects.get(flag=looks, environment__is_production=True)
    FlagState.objects.filter(pk=state.pk).update(targeting=state.targeting | needs)
    report(storefront, emil, "mentioned")
    rows = told(emil)
    assert {key: (row.in_the_way, row.can_archive) for key, row in rows.items()} == {
        "old": ("looks needs it in Storefront production.", False),
        "mentioned": ("", True),
        "planned": ("A change of it is planned.", False),
        "held": ("It belongs to Search 2.0.", False),
    }
    for key, row in rows.items():
        assert actions.depending(row.flag) == list(row.hindrances), key
    for key in ("old", "planned", "held"):
        assert browser_of(emil).post(f"/flags/storefront/{key}/archive/").status_code == 409, key
    page = browser_of(emil).get("/flags/backlog/").text
    assert not any(f"/flags/storefront/{key}/archive/" in page for key in ("old", "planned", "held"))
    assert "/flags/storefront/mentioned/archive/" in page and "Code still mentions it.</small>" in page
    assert "looks needs it in" in page and "app.py:1" in page
    own = browser_of(emil).get("/flags/storefront/mentioned/").text
    assert "/flags/storefront/mentioned/archive/" in own and "Code still mentions it: whoever asks gets" in own
    actions.end_change(change=change, actor=emil)
    FlagState.objects.filter(pk=state.pk).update(targeting=state.targeting)
    report(storefront, emil)
    page = browser_of(emil).get("/flags/backlog/").text
    assert all(f"/flags/storefront/{flag.key}/archive/" in page for flag in (old, other, planned))
    assert not any(row.can_ask or row.can_archive for row in told(tomas).values()), "a tester reads"
    report(storefront, emil, "mentioned")
    assert browser_of(emil).post("/flags/storefront/mentioned/archive/").status_code == 303


def test_each_filter_answers_its_question(
    storefront: Product, emil: User, rhea: User, browser_of: Callable[[User], Client]
) -> None:
    past = clock.now().date() - timedelta(days=3)
    made(storefront, "everyones", emil)
    made(storefront, "nobodys", rhea, weight=0)
    made(storefront, "overdue", rhea, weight=5_000, expected_removal=past)
    made(storefront, "both", emil, expected_removal=past)
    made(storefront, "fine", emil, weight=5_000)
    browser = browser_of(rhea)

    def shown(query: str) -> list[str]:
        context = browser.get(f"/flags/backlog/{query}").context
        return [f"{group.title}: {row.flag.key}" for group in context["groups"] for row in group.rows]

    assert shown("") == [
        "Everyone has it: everyones",
        "Everyone has it: both",
        "Nobody has it: nobodys",
        "Past its date: overdue",
    ]
    assert sorted(shown("?why=past")) == ["Past its date: both", "Past its date: overdue"]
    assert shown("?why=unasked") == []
    assert shown("?mine=1") == ["Nobody has it: nobodys", "Past its date: overdue"]
    assert sorted(shown("?by=owner&why=everybody")) == ["Emil Sand: both", "Emil Sand: everyones"]
    tabs = {value: count for value, _, count in browser.get("/flags/backlog/").context["tabs"]}
    assert tabs == {"": 4, "everybody": 2, "nobody": 1, "past": 2, "unasked": 0}
    Flag.objects.filter(key="everyones").update(owner=None)
    assert shown("?by=owner")[-1] == "Nobody: everyones"
    assert "Who cleans up everyones" in browser.get("/flags/backlog/").text


def test_whoever_is_asked_has_it_as_their_own(storefront: Product, emil: User, rhea: User, tomas: User) -> None:
    flag = made(storefront, "everyones", emil)
    actions.ask_clean_up(flag=flag, actor=rhea, owner=tomas)
    row = told(rhea)["everyones"]
    assert (row.whose, row.can_ask) == (tomas, False)
    assert backlog.mine([row], tomas) == [row] and backlog.mine([row], emil) == []


def test_code_of_no_flag_is_said(
    storefront: Product, emil: User, otto: User, browser_of: Callable[[User], Client]
) -> None:
    gone = made(storefront, "gone", emil)
    actions.archive_flag(flag=gone, actor=emil)
    report(storefront, emil, "gone", "never-was")
    page = browser_of(emil).get("/flags/backlog/").text
    assert "Code asks for a flag that never was" in page and "Code still mentions it: it gets" in page
    assert "never-was" not in browser_of(otto).get("/flags/backlog/").text
    assert life_of(Flag.objects.get(key="gone"), clock.now()).stage == Stage.ARCHIVED


def test_what_was_archived_can_come_back_for_thirty_days(
    storefront: Product, emil: User, tomas: User, browser_of: Callable[[User], Client]
) -> None:
    flag = made(storefront, "everyones", emil)
    browser = browser_of(emil)
    assert browser.post("/flags/storefront/everyones/archive/", {"reason": "It won."}).status_code == 303
    page = browser.get("/flags/archived/").text
    assert "Emil Sand" in page and "“It won.”" in page and "/flags/storefront/everyones/unarchive/" in page
    assert "unarchive" not in browser_of(tomas).get("/flags/archived/").text
    Flag.objects.update(archived_at=clock.now() - actions.UNDO - timedelta(minutes=1))
    page = browser.get("/flags/archived/").text
    assert "unarchive" not in page and "for good" in page
    assert browser.post("/flags/storefront/everyones/unarchive/").status_code == 409
    Flag.objects.update(archived_at=clock.now())
    assert browser.post("/flags/storefront/everyones/unarchive/").status_code == 303
    assert Flag.objects.get(pk=flag.pk).archived_at is None


@pytest.mark.parametrize("path", ["/flags/backlog/", "/flags/archived/"])
def test_it_costs_the_same_however_many_there_are(
    path: str,
    storefront: Product,
    production: Environment,
    emil: User,
    rhea: User,
    browser_of: Callable[[User], Client],
) -> None:
    browser = browser_of(rhea)

    def more(numbers: range) -> int:
        for number in numbers:
            flag = made(storefront, f"old-{number}", emil)
            asked_for(flag, days=number)
            actions.ask_clean_up(flag=flag, actor=rhea)
            plan(flag, production, emil)
            FlagState.objects.filter(flag=made(storefront, f"looks-{number}", emil)).update(
                targeting={**default_targeting(["on", "off"]), "needs": [{"flag": flag.key, "variants": ["on"]}]}
            )
            actions.archive_flag(flag=made(storefront, f"gone-{number}", emil), actor=emil)
        report(storefront, emil, *(flag.key for flag in Flag.objects.all()), *(f"lost-{one}" for one in numbers))
        return cost(lambda: browser.get(path))

    assert more(range(2)) == more(range(2, 7)) <= 30


def test_the_stages_of_all_flags_cost_seven_queries(storefront: Product, emil: User) -> None:
    for number in range(4):
        made(storefront, f"old-{number}", emil)
    flags = list(Flag.objects.prefetch_related("states__environment"))
    assert cost(lambda: lives(flags[:1], clock.now())) == cost(lambda: lives(flags, clock.now())) <= 7


def test_the_command_is_to_be_had_without_signing_in() -> None:
    answer = Client().get("/flags/slipway_flags.py")
    assert answer.status_code == 200 and b"def main()" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_the_flags_own_page_says_it_too(
    storefront: Product, emil: User, rhea: User, browser_of: Callable[[User], Client]
) -> None:
    flag, here = made(storefront, "everyones", emil), "/flags/storefront/everyones/"
    browser = browser_of(rhea)
    assert "It can go." in plain(browser.get(here).text) and "Ask the owner" in browser.get(here).text
    assert "In code" not in browser.get(here).text, "no code was looked through"
    assert browser.post(f"{here}clean-up/", {"from": "flag"})["Location"] == here
    page = browser.get(here).text
    assert "Emil Sand is asked to clean it up" in page and "Ask the owner" not in page and "Close the request" in page
    report(storefront, emil, "everyones")
    assert "app.py:1" in browser.get(here).text
    actions.archive_flag(flag=flag, actor=emil)
    assert "Code still mentions it, though it is archived" in browser.get(here).text
