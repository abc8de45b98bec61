"""What CI tells about flags in code, and what comes of it."""

import json
from typing import Any

import pytest
from django.test import Client

from core.models import ApiToken, AuditEntry, Product, User
from flags import actions, code
from flags.actions.code import MOST
from flags.models import CodeReference, CodeScan, Flag
from tests.queries import cost

KEYS, CODE = "/api/v1/products/storefront/flags/keys", "/api/v1/products/storefront/code-references"


def pipeline(user: User, product: Product) -> Client:
    _, key = ApiToken.issue(user=user, product=product, name="pipeline")
    return Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)


@pytest.fixture
def ci(emil: User, storefront: Product) -> Client:
    return pipeline(emil, storefront)


def at(key: str, file: str = "app/basket.py", line: int = 1) -> dict[str, Any]:
    return {"key": key, "file": file, "line": line}


def put(client: Client, *references: Any, **more: Any) -> tuple[int, dict[str, Any]]:
    body = {"repository": "shop/storefront", "commit": "9f3c1e7", "references": references, **more}
    answer = client.put(CODE, json.dumps(body), content_type="application/json")
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()


def test_ci_learns_all_keys_archived_ones_too(ci: Client, typo: Flag, emil: User) -> None:
    old = actions.create_flag(product=typo.product, key="old", name="Old", actor=emil)
    actions.archive_flag(flag=old, actor=emil)
    told = ci.get(KEYS).json()
    assert told == {
        "product": "storefront",
        "keys": [{"key": "old", "archived": True}, {"key": "search-typo", "archived": False}],
    }


def test_ci_hears_what_code_should_not_mention(ci: Client, typo: Flag, emil: User) -> None:
    old = actions.create_flag(product=typo.product, key="old", name="Old", actor=emil)
    actions.archive_flag(flag=old, actor=emil)
    found = [at("search-typo"), at("old", line=2), at("old", "b.py"), *(at("never-was", line=n) for n in range(3, 11))]
    status, told = put(ci, *found)
    assert status == 200 and told["references"] == 11
    assert told["archived"] == [{"key": "old", "count": 2, "places": ["app/basket.py:2", "b.py:1"]}]
    [unknown] = told["unknown"]
    assert (unknown["key"], unknown["count"], len(unknown["places"])) == ("never-was", 8, code.SHOWN)
    mentions = code.of_flag(typo)
    assert (mentions.count, [str(place) for place in mentions.places]) == (1, ["app/basket.py:1"])


def test_a_later_look_takes_the_place_of_the_one_before_in_its_repository_only(ci: Client, typo: Flag) -> None:
    put(ci, at("search-typo"), at("search-typo", line=2))
    put(ci, at("search-typo", "shop.ts"), repository="shop/web")
    put(ci, at("search-typo", line=7), at("search-typo", line=7), commit="abc")
    assert sorted(map(str, CodeReference.objects.all())) == ["app/basket.py:7", "shop.ts:1"]
    assert CodeScan.objects.get(repository="shop/storefront").commit == "abc"
    put(ci)
    assert [str(one) for one in CodeReference.objects.all()] == ["shop.ts:1"]
    assert CodeScan.objects.count() == 2


def test_the_record_has_numbers_and_no_code(ci: Client, typo: Flag) -> None:
    put(ci, at("search-typo"), at("secret-name", "secret/path.py"))
    entry = AuditEntry.objects.get(action="flag_code_seen")
    assert entry.data == {"repository": CodeScan.objects.get().pk, "references": 2, "keys": 2}


BAD = [
    ({"references": [at("")]}, "/references/0/key"),
    ({"references": [at("k" * 101)]}, "/references/0/key"),
    ({"references": [at("k", "a\x00b")]}, "/references/0/file"),
    ({"references": [at("k", "a\nb")]}, "/references/0/file"),
    ({"references": [at("k", "f" * 401)]}, "/references/0/file"),
    ({"references": [at("k", line=0)]}, "/references/0/line"),
    ({"references": [at("k", line=2**31)]}, "/references/0/line"),
    ({"references": {"key": "k"}}, "/references"),
    ({"references": [at("k")] * (MOST + 1)}, "/references"),
    ({"repository": ""}, "/repository"),
    ({"repository": "r" * 201}, "/repository"),
    ({"commit": "c" * 65}, "/commit"),
]


@pytest.mark.parametrize(("wrong", "pointer"), BAD, ids=[f"{row[1]}{n}" for n, row in enumerate(BAD)])
def test_p12_what_does_not_fit_is_named_and_nothing_is_written(
    wrong: dict[str, Any], pointer: str, ci: Client, typo: Flag
) -> None:
    put(ci, at("search-typo"))
    status, told = put(ci, **{"references": [at("other")], **wrong})
    assert (status, [one["pointer"] for one in told["errors"]]) == (422, [f"#{pointer}"])
    assert [one.key for one in CodeReference.objects.all()] == ["search-typo"]


def test_p12_more_than_is_accepted_is_refused_before_it_is_read(ci: Client) -> None:
    status, _ = put(ci, *(at("k", "f" * 390, line) for line in range(1, 7_000)))
    assert status == 413 and not CodeScan.objects.exists()


def test_only_who_may_change_flags_tells(tomas: User, otto: User, storefront: Product) -> None:
    assert put(pipeline(tomas, storefront), at("k"))[0] == 403
    assert put(pipeline(otto, otto.roles.get().product), at("k"))[0] == 404
    assert put(Client(), at("k"))[0] == 401
    assert not CodeScan.objects.exists()


def test_as_many_as_are_promised_in_a_number_of_queries_that_does_not_grow(ci: Client, typo: Flag) -> None:
    def looked(keys: int) -> int:
        put(ci, *(at(f"key-{number}") for number in range(keys)))
        return cost(lambda: [*code.unknown([typo.product]), *code.archived([typo.product]), code.of_flag(typo)])

    assert looked(3) == looked(300) == 3
    status, told = put(ci, *(at(f"key-{line % 40}", "a.py", line) for line in range(1, MOST + 1)))
    assert (status, told["references"]) == (200, MOST)
