"""A product's flags out and in: nothing is lost on the way, nothing goes round the gates, and it is all or nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.choices import RoleKind
from core.errors import Refused
from core.models import ApiToken, AuditEntry, Environment, Product, User
from core.weights import FULL
from flags import actions, snapshot, transfer
from flags.choices import ValueType
from flags.evaluation import Result, compile_all
from flags.models import Flag, FlagSet, FlagState, FlagVersion, PlannedChange, Segment
from flags.views.transfer import became
from tests.flags.conftest import state_of

BrowserOf = Callable[[User], Client]
HERE = "/products/storefront/flags/"
STAFF = {"attribute": "user.group", "op": "equals", "value": "staff"}


@pytest.fixture
def colour(storefront: Product, staging: Environment, emil: User) -> Flag:
    """With everything that flagd can express."""
    actions.create_segment(product=storefront, key="staff", name="Staff", condition=STAFF, actor=emil)
    values = [{"name": name, "value": value} for name, value in (("sea", 1.0), ("sand", 2.5), ("off", 0.0))]
    flag = actions.create_flag(
        product=storefront,
        key="colour",
        name="Colour",
        type=ValueType.FLOAT,
        variants=values,
        tags=["shop"],
        actor=emil,
    )
    split = {"split": [["sea", 60_000], ["sand", 40_000]]}
    rule = {"name": "Staff", "when": {"segment": "staff"}, "serve": {"variant": "sand"}}
    targeting = {"on": split, "pins": {"u-1": "sea"}, "rules": [rule]}
    actions.set_targeting(flag=flag, environment=staging, targeting=targeting, actor=emil)
    actions.set_weight(flag=flag, environment=staging, weight=25_125, actor=emil)
    return flag


def text_of(environment: Environment) -> str:
    return transfer.as_file(transfer.written(environment)[0]).decode()


def posted(text: str, environment: Environment, **more: str) -> dict[str, Any]:
    return {"environment": environment.pk, "text": text, **more}


def simple(key: str = "banner", **more: Any) -> str:
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", **more}
    return json.dumps({"flags": {key: flag}})


def nested(deep: int) -> Any:
    found: Any = "x"
    for _ in range(deep):
        found = [found]
    return found


def test_a_flag_travels_to_another_product_and_back_unchanged(
    colour: Flag, staging: Environment, emil: User, browser_of: BrowserOf
) -> None:
    emils = browser_of(emil)
    answer = emils.get(f"{HERE}export/staging/")
    assert answer["Content-Disposition"] == 'attachment; filename="storefront-staging.flagd.json"'
    other = Product.objects.create(name="Kiosk", slug="kiosk")
    there = other.environments.create(name="staging", slug="staging", order=1)
    emil.roles.create(product=other, kind=RoleKind.ENGINEER)
    upload = SimpleUploadedFile("flags.json", answer.content)
    looked = emils.post("/products/kiosk/flags/", {"environment": there.pk, "file": upload})
    page = looked.content.decode()
    assert looked.status_code == 200 and "What it would do" in page and "nothing was done yet" in page
    assert "&quot;colour&quot;" in page, "the file need not be chosen again"
    assert not Flag.objects.filter(product=other).exists() and not Segment.objects.filter(product=other).exists()
    done = emils.post("/products/kiosk/flags/", posted(answer.content.decode(), there, do="1"))
    assert done.status_code == 303
    moved = Flag.objects.get(product=other)
    same = ("key", "name", "type", "variants", "tags", "seed", "salt")
    assert [getattr(moved, name) for name in same] == [getattr(colour, name) for name in same]
    old, new = state_of(colour, staging), state_of(moved, there)
    assert (new.targeting, new.weight, new.carrier) == (old.targeting, old.weight, old.carrier)
    assert json.loads(text_of(there)) == json.loads(text_of(staging))


def test_the_same_again_changes_nothing(colour: Flag, staging: Environment, emil: User, browser_of: BrowserOf) -> None:
    before = AuditEntry.objects.count(), FlagVersion.objects.count()
    page = browser_of(emil).post(HERE, posted(text_of(staging), staging, do="1"), follow=True).content.decode()
    assert "0 flags of staging are as the file has them" in page
    assert (AuditEntry.objects.count(), FlagVersion.objects.count()) == before
    looked = browser_of(emil).post(HERE, posted(text_of(staging), staging)).content.decode()
    assert "Nothing to do" in looked and "Import it all" not in looked


def test_p1_an_import_gives_nothing_that_a_rollout_has_not(
    claimed: Flag, colour: Flag, production: Environment, rhea: User, browser_of: BrowserOf
) -> None:
    document = json.loads(simple("search-typo", defaultVariant="on"))
    document["flags"]["banner"] = json.loads(simple())["flags"]["banner"]
    for more in ({}, {"do": "1"}):
        answer = browser_of(rhea).post(HERE, posted(json.dumps(document), production, **more))
        page = answer.content.decode()
        assert answer.status_code == 422 and "It cannot be imported" in page and "nothing was done" in page
        assert "it grows only through its rollout" in page
    assert state_of(claimed, production).weight == 0
    assert not Flag.objects.filter(key="banner").exists(), "all or nothing"


def test_growth_waits_where_a_second_person_is_wanted(
    typo: Flag, staging: Environment, rhea: User, storefront: Product, emil: User
) -> None:
    rhea.roles.create(product=storefront, kind=RoleKind.OWNER)
    actions.want_second_person(environment=staging, wanted=True, actor=rhea)
    said = transfer.understood(simple("search-typo", defaultVariant="on").encode())
    report = actions.import_flags(
        environment=staging, flags=said.flags.values(), segments={}, actor=emil, reason="From the old tool"
    )
    assert report.planned == ["search-typo"] and not report.changed and report.done
    assert state_of(typo, staging).weight == 0
    assert PlannedChange.objects.get().changes["weight"] == FULL
    entry = AuditEntry.objects.get(action="flags_imported")
    assert entry.data["planned"] == 1 and [text.text for text in entry.texts.all()] == ["From the old tool"]


@pytest.mark.parametrize("second", [False, True])
def test_what_is_new_gives_everybody_its_default_elsewhere_and_until_somebody_agrees(
    storefront: Product, staging: Environment, production: Environment, rhea: User, emil: User, second: bool
) -> None:
    rhea.roles.create(product=storefront, kind=RoleKind.OWNER)
    actions.want_second_person(environment=staging, wanted=second, actor=rhea)
    rule = {"if": [{"in": [{"var": "country"}, ["JP"]]}, "new", "old"]}
    text = simple("layout", variants={"old": "x", "new": "y"}, defaultVariant="old", targeting=rule)
    said = transfer.understood(text.encode())
    actions.import_flags(environment=staging, flags=said.flags.values(), segments={}, actor=emil)
    definitions = {place.pk: snapshot.load()[place.pk].flags["layout"] for place in (staging, production)}
    served = {pk: compile_all({"layout": one}, {})["layout"] for pk, one in definitions.items()}

    def value(place: Environment, country: str) -> object:
        found = served[place.pk].evaluate({"targetingKey": "u", "country": country})
        assert isinstance(found, Result)
        return found.value

    assert value(production, "JP") == value(production, "NO") == value(staging, "NO") == "x"
    assert value(staging, "JP") == ("x" if second else "y")
    assert state_of(Flag.objects.get(key="layout"), production).targeting["on"] == {"variant": "new"}


def test_the_kill_switch_and_what_the_file_does_not_say_stay(typo: Flag, staging: Environment, emil: User) -> None:
    actions.kill(flag=typo, environment=staging, actor=emil)
    said = transfer.understood(simple("search-typo", defaultVariant="on").encode())
    report = actions.import_flags(environment=staging, flags=said.flags.values(), segments={}, actor=emil)
    assert report.changed == ["search-typo"]
    state = FlagState.objects.select_related("flag").get(flag=typo, environment=staging)
    assert not state.enabled and state.weight == FULL and state.flag.name == "Typo-tolerant search"
    assert state.flag.seed == typo.seed


SEEDED = {"fractional": [{"cat": ["s", ":", {"var": "targetingKey"}]}, ["on", 5_000], ["off", 95_000]]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "This is no JSON"),
        ("[]", "A flagd definition is an object"),
        ('{"flags": {"a": {"state": "ENABLED", "x": "\\u0000"}}}', "null character"),
        ('{"flags": {"a": "\\ud800"}}', "This is no JSON"),
        ("[" * 3_000, "This is no JSON"),
        (" " * (transfer.LARGEST + 1), "1 MB"),
    ],
)
def test_p12_what_is_no_such_file_is_refused(text: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        transfer.understood(text.encode())


def test_p12_what_cannot_be_imported_is_named_and_nothing_is_written(
    typo: Flag, staging: Environment, emil: User, browser_of: BrowserOf
) -> None:
    before, emils = AuditEntry.objects.count(), browser_of(emil)
    for text, says in [
        ("", "Send a file"),
        (simple("no key"), "no key"),
        (simple(targeting={"starts_with": [1]}), "banner"),
        (simple(metadata={"kind": "odd"}), "not a valid choice"),
        (simple(metadata={"expected_removal": "soon"}), "which is no date"),
        (simple("search-typo", variants={"off": "x"}), "its type stays"),
        (simple("search-typo", targeting=SEEDED, metadata={"seed": "s"}), "another seed"),
    ]:
        answer = emils.post(HERE, posted(text, staging, do="1"))
        assert answer.status_code == 422 and says in answer.content.decode(), says
    assert AuditEntry.objects.count() == before and Flag.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"metadata": {"carrier": "build"}, "targeting": {"fractional": []}}, "a route that it does not follow"),
        ({"metadata": {"rules": "[" * 2_000}}, "rules are no list of names"),
        ({"targeting": nested(500)}, "nests too deep"),
        ({"targeting": nested(900)}, "nests too deep"),
        ({"targeting": {"if": [{"==": [{"var": "a"}, nested(900)]}, "on", "off"]}}, "nests too deep"),
        ({"variants": {"on": nested(250), "off": []}}, "nests too deep"),
    ],
)
def test_p12_what_nobody_would_write_is_named_by_page_and_pipeline(
    more: dict[str, Any], says: str, storefront: Product, staging: Environment, emil: User, browser_of: BrowserOf
) -> None:
    text, before = simple(**more), AuditEntry.objects.count()
    _, token = ApiToken.issue(user=emil, product=storefront, name="pipeline")
    there = "/api/v1/products/storefront/flags/staging/definition"
    pipeline = Client(headers={"Authorization": f"Bearer {token}"})
    for query in ("", "?dry_run=true"):
        answer = pipeline.put(f"{there}{query}", text, content_type="application/json")
        unread = answer.status_code == 400  # so deep that it is not even parsed
        assert unread or (answer.status_code == 422 and says in answer.json()["errors"][0]["detail"])
    for fields in ({}, {"do": "1"}):
        page = browser_of(emil).post(HERE, posted(text, staging, **fields))
        assert page.status_code == 422 and says in page.content.decode()
    assert AuditEntry.objects.count() == before and not Flag.objects.exists()


def test_who_may(typo: Flag, staging: Environment, tomas: User, otto: User, browser_of: BrowserOf) -> None:
    assert browser_of(otto).get(HERE).status_code == browser_of(otto).get(f"{HERE}export/staging/").status_code == 404
    toms = browser_of(tomas)
    assert b"Look what it would do" not in toms.get(HERE).content
    assert toms.get(f"{HERE}export/staging/").status_code == 200
    assert toms.post(HERE, posted(simple(), staging, do="1")).status_code == 403


def test_the_api_does_the_same(colour: Flag, staging: Environment, emil: User) -> None:
    _, token = ApiToken.issue(user=emil, product=colour.product, name="pipeline")
    pipeline = Client(headers={"Authorization": f"Bearer {token}"})
    here = "/api/v1/products/storefront/flags/staging/definition"
    out = pipeline.get(here).json()
    assert out["definition"] == json.loads(text_of(staging)) and out["left_out"] == {}

    def put(document: object, query: str = "") -> Any:
        return pipeline.put(f"{here}{query}", json.dumps(document), content_type="application/json")

    assert put(out["definition"]).json()["same"] == ["colour"]
    both = {"flags": {**json.loads(simple())["flags"], **out["definition"]["flags"]}, "$evaluators": {}}
    refused = put(both)
    assert refused.status_code == 422 and refused["Content-Type"] == "application/problem+json"
    assert refused.json()["errors"][0]["pointer"] == "#/flags/colour" and not Flag.objects.filter(key="banner").exists()
    looked = put(json.loads(simple()), "?dry_run=true").json()
    assert looked["created"] == ["banner"] and not looked["done"]
    assert put(json.loads(simple()), "?reason=moved").json()["done"] and Flag.objects.filter(key="banner").exists()
    assert put([]).status_code == put({"flags": 5}).status_code == 422
    assert pipeline.get(here.replace("staging", "nowhere")).status_code == 404


def test_too_many_at_once_are_refused(staging: Environment, emil: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flags.actions.transfer.MOST", 0)
    said = transfer.understood(simple().encode())
    with pytest.raises(Refused, match="send the file in parts"):
        actions.import_flags(environment=staging, flags=said.flags.values(), segments={}, actor=emil)


@pytest.mark.parametrize(
    ("count", "waiting", "said"),
    [
        (1, 0, "1 flag of staging is as the file has it."),
        (2, 1, "2 flags of staging are as the file has them, 1 waits for a second person."),
        (1, 2, "1 flag of staging is as the file has it, 2 wait for a second person."),
    ],
)
def test_one_is_one_and_more_are_more(count: int, waiting: int, said: str) -> None:
    assert became(count, "staging", waiting) == said


def test_what_would_be_another_is_shown_with_what_is_different(
    colour: Flag, staging: Environment, rhea: User, emil: User, browser_of: BrowserOf
) -> None:
    before = text_of(staging)
    actions.describe_flag(flag=colour, actor=emil, name="Paint")
    actions.set_weight(flag=colour, environment=staging, weight=1_000, actor=emil)
    about: dict[str, Any] = {"name": "Staff", "description": "", "condition": {**STAFF, "value": "crew"}}
    actions.change_segment(segment=Segment.objects.get(), actor=emil, **about)
    page = browser_of(emil).post(HERE, posted(before, staging)).content.decode()
    assert "What it would do" in page
    for old, new in (("Paint", "Colour"), ("1\u00a0%", "25.125\u00a0%"), ("user.group is crew", "user.group is staff")):
        assert f"<del>{old}</del>" in page and f"<ins>{new}</ins>" in page, new
    actions.change_segment(segment=Segment.objects.get(), actor=emil, **{**about, "condition": STAFF})
    FlagSet.objects.filter(environment=staging).update(second_person=True)
    page = browser_of(emil).post(HERE, posted(before, staging)).content.decode()
    waits = page.partition("waits for a second person")[2]
    assert "<del>1\u00a0%</del>" in waits and "<ins>25.125\u00a0%</ins>" in waits
    assert state_of(colour, staging).weight == 1_000
