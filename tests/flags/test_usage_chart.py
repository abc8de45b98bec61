"""How a flag's usage reads: which variant how often, who asked, and since when."""

from collections.abc import Callable
from datetime import UTC, date, timedelta
from typing import Any

from django.test import Client

from core import clock
from core.models import Environment, User
from core.weights import FULL
from flags import buckets
from flags.answers import Answer, draw
from flags.evaluation import Definition, default_targeting, explain
from flags.models import Flag, FlagUsage

TODAY = date(2026, 11, 25)
HERE = Environment(name="Production", slug="production")
BOOLEAN: dict[str, Any] = {"variants": ["on", "off"], "off": "off"}


def of(days_ago: int, variant: str, count: int, by_name: bool = True) -> Answer:
    return Answer(TODAY - timedelta(days=days_ago), variant, by_name, count)


def test_the_label_says_what_one_would_see() -> None:
    shown = draw(HERE, [of(9, "on", 700), of(0, "on", 20_000_000), of(0, "off", 60_000_000, False)], TODAY, **BOOLEAN)
    assert shown.picture is not None
    assert shown.picture.label.replace("\u00a0", " ") == (
        "Evaluations per day over 14 days: none before 16 November, 80 M on 25 November, 25 % of them on, "
        "75 % of them off"
    )
    assert [(one.look, one.name, one.percent) for one in shown.shares] == [
        ("one", "on", "25\u00a0%"),
        ("soft", "off", "75\u00a0%"),
    ]
    said = "Today 80 M so far: 20 M asked for it by name, 60 M in answers that held every flag."
    assert shown.says.replace("\u00a0", " ") == said


def test_silence_is_said_and_old_days_do_not_count() -> None:
    assert draw(HERE, [of(14, "on", 5), of(2, "on", 0)], TODAY, **BOOLEAN).picture is None
    quiet = draw(HERE, [of(5, "on", 5, False)], TODAY, **BOOLEAN)
    assert quiet.picture is not None and "none since 20 November" in quiet.picture.label
    assert "nobody asked for it by name" in quiet.says


def test_many_variants_share_the_last_shade_and_errors_are_told_apart() -> None:
    many = [of(0, f"v{number}", 10) for number in range(6)]
    shown = draw(
        HERE, [*many, of(0, "gone", 1), of(0, "error", 1)], TODAY, variants=[f"v{at}" for at in range(6)], off="v5"
    )
    names = [(one.look, one.name) for one in shown.shares]
    assert names == [
        ("one", "v0"),
        ("two", "v1"),
        ("three", "v2"),
        ("four", "3 others"),
        ("soft", "v5"),
        ("bad", "no answer"),
    ]


def test_the_page_shows_each_environment(
    typo: Flag, production: Environment, tomas: User, browser_of: Callable[[User], Client]
) -> None:
    day = clock.now().astimezone(UTC).date()
    FlagUsage.objects.create(flag=typo, environment=production, variant="on", by_name=True, day=day, count=1_284)
    page = browser_of(tomas).get(typo.get_absolute_url()).content.decode()
    assert "1\u00a0284 so far: all of them asked for it by name" in page and 'role="img"' in page
    other = browser_of(tomas).get(typo.get_absolute_url(), {"usage": "staging"}).content.decode()
    assert "Nobody has asked yet" in other and "?usage=production#usage" in other


def test_a_variant_looks_the_same_in_usage_and_in_the_playground() -> None:
    names, off = ["sea", "sand", "ink"], "ink"
    shares = draw(HERE, [of(0, name, 5) for name in ("ink", "sand")], TODAY, variants=names, off=off).shares
    assert {one.name: one.look for one in shares} == {"sand": "two", "ink": "soft"}
    serve = {"split": [["ink", 20_000], ["sand", 30_000], ["sea", 50_000]]}
    targeting = {**default_targeting(names), "on": serve}
    variants = tuple((name, name) for name in names)
    flag = Definition("f", "string", variants, seed="s", weight=FULL, targeting=targeting)
    [line] = buckets.lines(explain(flag, {"f": flag}, {}, {"targetingKey": "u-1"}))
    assert [(piece.name, piece.look) for piece in line.pieces] == [("ink", "soft"), ("sand", "two"), ("sea", "one")]
