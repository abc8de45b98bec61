"""The list of flags: where each stands in its life, found by whatever is known of it, at a cost that does not grow."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from core.choices import RoleKind
from core.models import Environment, Product, User
from core.weights import FULL
from flags import actions, screen
from flags.choices import Due, Stage
from flags.evaluation import default_targeting
from flags.lifecycle import Facts, Life, Reason
from flags.models import Flag, FlagState, FlagUsage
from flags.screen import Wanted

BrowserOf = Callable[[User], Client]
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
PINNED = {**default_targeting(("on", "off")), "pins": {"u-1": "on"}}


def life(stage: Stage, **facts: object) -> Life:
    reasons = (Reason(Due.EVERYBODY, NOW, ""),) if stage is Stage.STALE else ()
    return Life(Facts(kind="release", made_at=NOW, production=None, **facts), stage, reasons)  # type: ignore[arg-type]


def made(key: str, stage: Stage = Stage.LIVE, tags: tuple[str, ...] = (), **facts: object) -> screen.Row:
    flag = Flag(key=key, name=key.title(), tags=list(tags), kind="ops", owner=User(name="Emil Sand"))
    flag.created_at = NOW - timedelta(days=9, hours=5)
    return screen.Row(flag, life(stage, **facts), "", "9 d", "2 s ago", "5 %", False)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (None, "0 %"),
        ({"weight": 25_000}, "25 %"),
        ({"weight": FULL, "enabled": False}, "off"),
        ({"weight": 0, "enabled": False, "withheld": True}, "off"),
        ({"weight": 0, "withheld": True, "targeting": PINNED}, "0 %"),
        ({"weight": 0, "targeting": PINNED}, "by rules"),
    ],
)
def test_the_share_of_production_is_one_word(state: dict[str, object] | None, said: str) -> None:
    found = FlagState(**state) if state is not None else None
    assert screen.share(found).replace("\u00a0", " ") == said


def test_what_asks_for_somebody_stands_first() -> None:
    rows = [made("c"), made("b", Stage.NEW), made("d", Stage.STALE), made("a", Stage.RAMPING), made("aa")]
    groups, pages = screen.groups(rows, "", 1)
    assert [(group.title, [row.flag.key for row in group.rows]) for group in groups] == [
        ("Clean-up due", ["d"]),
        ("Ramping", ["a"]),
        ("New", ["b"]),
        ("Live", ["aa", "c"]),
    ]
    assert pages == 1 and screen.tabs(rows)[0] == ("", "All", 5)
    assert screen.groups(rows, "live", 1)[0][0].rows[0].flag.key == "aa"


def test_a_long_list_comes_in_pages() -> None:
    rows = [made(f"k{number:04}") for number in range(2 * screen.PER_PAGE + 1)]
    assert [len(screen.groups(rows, "", page)[0][0].rows) for page in (1, 2, 3, 99)] == [80, 80, 1, 1]
    assert screen.groups([], "", 5) == ([], 1)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Wanted(), True),
        (Wanted(text="TYPO"), True),
        (Wanted(text="emil"), True),
        (Wanted(text="search 2"), True),
        (Wanted(text="basket"), True),
        (Wanted(text="nothing"), False),
        (Wanted(kind="ops", type="boolean", tag="basket"), True),
        (Wanted(kind="release"), False),
        (Wanted(type="json"), False),
        (Wanted(tag="bask"), False),
        (Wanted(owner="7"), False),
    ],
)
def test_a_flag_is_found_by_what_people_know_of_it(wanted: Wanted, fits: bool) -> None:
    assert wanted.fits(made("search-typo", tags=("basket",), holder="Search 2.0")) is fits


def test_rows_say_who_asked_when(typo: Flag, production: Environment, tomas: User, browser_of: BrowserOf) -> None:
    toms = browser_of(tomas)
    assert ">never<" in toms.get("/flags/").content.decode()
    at = clock.now() - timedelta(minutes=4, seconds=10)
    FlagUsage.objects.create(
        flag=typo, environment=production, variant="on", by_name=True, day=at.date(), count=1, last_at=at
    )
    page = toms.get("/flags/").content.decode()
    assert "4\u00a0min ago" in page and "Emil Sand" in page and 'New <span class="count">1</span>' in page
    rows = toms.get(f"/flags/?q=typo&kind=release&at={typo.pk}", headers={"HX-Request": "true"})
    assert "<html" not in rows.content.decode() and 'aria-current="true"' in rows.content.decode()
    assert "HX-Request" in rows["Vary"]
    assert "No flag fits" in toms.get("/flags/?state=live").content.decode()
    assert "search-typo" in toms.get("/flags/?at=x&state=nowhere&kind=x&page=-1").content.decode()


def test_a_thousand_flags_cost_as_many_queries_as_one_and_a_short_page(
    typo: Flag, production: Environment, emil: User, tomas: User, browser_of: BrowserOf
) -> None:
    client = browser_of(tomas)

    def asked() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as counted:
            answer = client.get("/flags/")
        return len(counted), len(answer.content)

    client.get("/flags/")
    before, _ = asked()
    flags = [
        Flag(product=typo.product, key=f"a-flag-of-many-{number}", name="One of so many flags", owner=emil)
        for number in range(999)
    ]
    Flag.objects.bulk_create(flags)
    FlagState.objects.bulk_create(FlagState(flag=flag, environment=production, weight=1) for flag in flags)
    queries, size = asked()
    assert queries == before and size < 100_000
    actions.set_weight(flag=typo, environment=production, weight=5_000, actor=emil)
    assert "page 13 of 13" in client.get("/flags/?page=13").content.decode()


def test_from_the_list_one_comes_to_all_that_belongs_to_flags(
    typo: Flag, emil: User, browser_of: Callable[[User], Client]
) -> None:
    office = Product.objects.create(name="Back office", slug="back-office")
    office.roles.create(user=emil, kind=RoleKind.ENGINEER)
    emils = browser_of(emil)
    page = emils.get("/flags/").content.decode()
    for path in ("/flags/backlog/", "/products/storefront/flags/", "/products/back-office/flags/", "/flags/archived/"):
        assert f'href="{path}"' in page, "though nothing is due, and no product is chosen"
    emils.post("/look-at/", {"product": "back-office", "next": "/"})
    page = emils.get("/flags/").content.decode()
    assert "/products/back-office/flags/" in page and "/products/storefront/flags/" not in page
