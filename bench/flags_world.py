"""The flags, rules and users that `bench.flags` measures with: made from numbers, so every run has the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from core.models import Environment
from core.weights import FULL
from flags.choices import ValueType
from flags.evaluation import Definition, parse_condition, parse_targeting
from flags.models import Flag, FlagSet, FlagState, Segment

COUNTRIES = ("NO", "SE", "DK", "FI", "DE", "NL", "FR", "PT")
PLANS = ("free", "team", "business", "enterprise")
TESTS: tuple[Callable[[int], tuple[str, str, Any]], ...] = (
    lambda n: ("user.country", "in", [COUNTRIES[n % 8], COUNTRIES[(n + 3) % 8]]),
    lambda n: ("user.age", "at_least", 60 + n % 15),
    lambda n: ("app.version", "version_at_least", f"3.{6 + n % 4}.{n % 6}"),
    lambda n: ("user.email", "ends_with", f"{n % 10}@example.org"),
    lambda n: ("user.plan", "equals", PLANS[n % 4]),
    lambda n: ("user.since", "before", f"2019-{1 + n % 12:02}-01"),
    lambda n: ("user.email", "matches", f"^user-[0-9]*{n % 10}[0-4]@"),
    lambda n: ("app.name", "starts_with", ("ios-", "android-")[n % 2]),
    lambda n: ("user.orders", "less", 1 + n % 9),
    lambda n: ("app.version", "version_less", f"1.{1 + n % 4}.0"),
    lambda n: ("user.name", "contains", ("berg", "Moe", "Weber")[n % 3]),
    lambda n: ("user.staff", "equals", True),
)
"""Attribute, operator and value, another one for each flag; each fits between a fiftieth and a quarter of the users."""

SEGMENT = "insiders"
SEGMENTS: Mapping[str, Any] = {
    SEGMENT: parse_condition(
        {
            "any": [
                {"attribute": "user.staff", "op": "equals", "value": True},
                {
                    "all": [
                        {"attribute": "user.plan", "op": "in", "value": ["business", "enterprise"]},
                        {"attribute": "user.since", "op": "before", "value": "2020-01-01"},
                    ]
                },
            ]
        },
        segments=(),
    )
}
VALUES: tuple[tuple[ValueType, tuple[tuple[str, Any], ...]], ...] = (
    (ValueType.BOOLEAN, (("on", True), ("off", False))),
    (ValueType.BOOLEAN, (("on", True), ("off", False))),
    (ValueType.STRING, (("blue", "#0a58ca"), ("green", "#198754"), ("off", ""))),
    (ValueType.INTEGER, (("many", 50), ("some", 20), ("off", 10))),
)


def definitions(count: int, rules: int) -> dict[str, Definition]:
    """`count` flags with `rules` rules each, every third of which asks for the segment too. All are at a percentage, in
    releases of five; a tenth has somebody pinned.
    """
    return {key: _definition(key, number, rules) for number, key in enumerate(_keys(count))}


def _keys(count: int) -> list[str]:
    return [f"flag-{number:05}" for number in range(count)]


def _definition(key: str, number: int, rules: int) -> Definition:
    kind, variants = VALUES[number % len(VALUES)]
    names = [name for name, _ in variants]
    tests = [TESTS[(number + place) % len(TESTS)](number + place * 5) for place in range(rules)]
    targeting = {
        "on": {"variant": names[0]} if len(names) == 2 else _split(names),
        "off": "off",
        "pins": {} if number % 10 else {"user-7": names[0]},
        "needs": [],
        "rules": [
            {"name": f"Rule {place}", "when": _when(test, place), "serve": _serve(names, place)}
            for place, test in enumerate(tests)
        ],
    }
    return Definition(
        key,
        type=kind.value,
        variants=variants,
        seed=f"release-{number // 5}",
        salt=f"salt-{number}",
        weight=1 + (number * 7_919) % (FULL - 1),
        targeting=parse_targeting(targeting, variants=names, segments=SEGMENTS, flags=()),
        for_clients=True,
    )


def _when(test: tuple[str, str, Any], place: int) -> dict[str, Any]:
    attribute, op, value = test
    asked = {"attribute": attribute, "op": op, "value": value}
    return {"all": [asked, {"segment": SEGMENT}]} if place % 3 == 2 else asked


def _serve(names: Sequence[str], place: int) -> dict[str, Any]:
    return _split(names) if place % 2 else {"variant": names[0]}


def _split(names: Sequence[str]) -> dict[str, Any]:
    part = FULL // len(names)
    return {"split": [[name, part] for name in names[:-1]] + [[names[-1], FULL - part * (len(names) - 1)]]}


def context(number: int) -> dict[str, Any]:
    """What an application says of one user: ten attributes in two objects."""
    by = Random(number)
    domain = by.choice(("example.com", "example.net", "example.edu", "example.org"))
    return {
        "targetingKey": f"user-{number}",
        "user": {
            "country": by.choice(COUNTRIES),
            "age": by.randint(16, 80),
            "plan": by.choice(PLANS),
            "email": f"user-{number}@{domain}",
            "name": by.choice(("Ada Lindberg", "Kari Nordmann", "Jonas Weber", "Inês Sousa", "Mats Holm", "Eva Moe")),
            "since": f"{by.randint(2018, 2026)}-{by.randint(1, 12):02}-{by.randint(1, 28):02}",
            "orders": by.randint(0, 40),
            "staff": by.random() < 0.02,
        },
        "app": {
            "name": by.choice(("web", "web", "android-phone", "ios-phone")),
            "version": f"{by.randint(1, 3)}.{by.randint(0, 9)}.{by.randint(0, 5)}",
        },
    }


def store(environment: Environment, made: Mapping[str, Definition]) -> None:
    """Into the database, as rows: ten thousand changes by the actions would take minutes. The version grows by one."""
    product = environment.product
    flags = Flag.objects.bulk_create(
        Flag(
            product=product,
            key=one.key,
            name=one.key,
            type=one.type,
            variants=[{"name": name, "value": value} for name, value in one.variants],
            seed=one.seed,
            salt=one.salt,
            for_clients=one.for_clients,
        )
        for one in made.values()
    )
    flag_set, _ = FlagSet.objects.get_or_create(environment=environment)
    flag_set.version += 1
    FlagState.objects.bulk_create(
        FlagState(
            flag=flag, environment=environment, weight=one.weight, targeting=one.targeting, version=flag_set.version
        )
        for flag, one in zip(flags, made.values(), strict=True)
    )
    for key, condition in SEGMENTS.items():
        Segment.objects.get_or_create(product=product, key=key, defaults={"name": key, "condition": condition})
    flag_set.save(update_fields=["version"])
