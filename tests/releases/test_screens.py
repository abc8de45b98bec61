"""The pages of this room: what they say, who may see them, what they cost, and that reading writes nothing."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from core.models import AuditEntry, Environment, Product, User
from core.ui import Line
from flags.models import Flag
from releases import actions
from releases.models import Build, Feature, FeatureLink, Freeze, Release, Slot
from releases.panels import Act, Panel, Press
from releases.views.detail import PARTS
from tests.releases.conftest import OTHER_DIGEST, Ship

Browser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def this_room_alone(request: pytest.FixtureRequest, settings: Settings) -> None:
    """What the rooms above add to these pages is tested there; one test below asks them all."""
    if not request.node.name.startswith("test_every_room"):
        settings.GATES = [path for path in settings.GATES if path.startswith("releases.")]
        settings.RELEASE_PANELS = settings.FEATURE_FACTS = settings.SIGNERS = []
        settings.RISKS = ["releases.risk.reasons"]


def page(ship: Ship, **query: str) -> str:
    return reverse("release", args=[ship.release.pk], query=query)


def test_the_page_says_first_what_blocks_it(ship: Ship, rhea: User, browser_of: Browser) -> None:
    answer = browser_of(rhea).get(page(ship))
    html = answer.content.decode()
    assert answer.status_code == 200
    assert answer["Vary"].count("HX-Request")
    assert html.index('class="sentence"') < html.index('class="rail"') < html.index('class="gate"')
    assert "2.0.3 passed its regression suite." in html
    assert "search-typo" in html and "1 284 passed" in html
    assert "Emil Sand" in html and "registered build 2.0.3" in html


@pytest.mark.parametrize("part", list(PARTS))
def test_every_part_renders_alone(ship: Ship, rhea: User, browser_of: Browser, part: str) -> None:
    answer = browser_of(rhea).get(page(ship, part=part), headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in html and f'id="{part}"' in html


def test_an_unknown_part_does_not_exist(ship: Ship, rhea: User, browser_of: Browser) -> None:
    assert browser_of(rhea).get(page(ship, part="../x")).status_code == 404


def test_an_outsider_sees_none_of_it(ship: Ship, otto: User, browser_of: Browser) -> None:
    client, release = browser_of(otto), ship.release.pk
    for name in ("release", "release-scope"):
        assert client.get(reverse(name, args=[release])).status_code == 404
    for name in ("release-words", "feature-add", "feature-link", "release-candidate", "release-cancel"):
        assert client.post(reverse(name, args=[release])).status_code == 404
    for name in ("feature", "feature-remove"):
        assert client.post(reverse(name, args=[release, ship.feature.pk])).status_code == 404
    assert "Search 2.0" not in client.get(reverse("releases")).content.decode()
    assert "Storefront" not in client.get(reverse("running")).content.decode()
    assert client.get(reverse("release-new")).status_code == 200
    opened = {"product": ship.release.product_id, "name": "Mine", "kind": "grouped"}
    assert client.post(reverse("release-new"), opened).status_code == 422


def test_somebody_not_signed_in_is_asked_to(ship: Ship) -> None:
    assert Client().get(page(ship)).status_code == 302


def test_a_tester_reads_and_does_not_change(ship: Ship, tomas: User, browser_of: Browser) -> None:
    client = browser_of(tomas)
    html = client.get(reverse("release-scope", args=[ship.release.pk])).content.decode()
    assert "Add the feature" not in html
    answer = client.post(reverse("feature-remove", args=[ship.release.pk, ship.feature.pk]))
    assert answer.status_code == 403
    assert Feature.objects.exists()


def test_only_who_may_change_the_scope_is_asked_to(
    release: Release, rhea: User, tomas: User, browser_of: Browser
) -> None:
    address = reverse("release", args=[release.pk])
    assert "Change scope" in browser_of(rhea).get(address).content.decode()
    assert "Change scope" not in browser_of(tomas).get(address).content.decode()


def test_rhea_opens_a_release_and_gives_it_a_scope(
    storefront: Product, rhea: User, emil: User, browser_of: Browser, flag_of: Callable[[str], Flag], build: Build
) -> None:
    client, flag = browser_of(rhea), flag_of("search-typo")
    answer = client.post(reverse("release-new"), {"product": storefront.pk, "name": "Search 2.0", "kind": "grouped"})
    release = Release.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("release-scope", args=[release.pk]))
    typo = {"name": "Typo", "owner": emil.pk, "flags": [flag.pk]}
    for data in (typo, {"name": "Copy", "owner": emil.pk, "no_flag_reason": "Only words."}):
        assert client.post(reverse("feature-add", args=[release.pk]), data).status_code == 303
    first, second = Feature.objects.all()
    link = {"feature": second.pk, "other": first.pk, "kind": "after"}
    assert client.post(reverse("feature-link", args=[release.pk]), link).status_code == 303
    words = {"name": "Search 2", "summary": "Finds more.", "way_back": "Flags off."}
    assert client.post(reverse("release-words", args=[release.pk]), words).status_code == 303
    assert client.post(reverse("release-candidate", args=[release.pk]), {"build": build.pk}).status_code == 303
    html = client.get(reverse("release", args=[release.pk])).content.decode()
    assert "2 features agreed, each with a way back." in html and "after Typo" in html
    link_id = FeatureLink.objects.get().pk
    assert client.post(reverse("feature-unlink", args=[release.pk, link_id])).status_code == 303
    changed = {"name": "Wording", "owner": emil.pk, "no_flag_reason": "Only words."}
    assert client.post(reverse("feature", args=[release.pk, second.pk]), changed).status_code == 303
    assert client.post(reverse("feature-remove", args=[release.pk, first.pk])).status_code == 303
    assert list(release.features.values_list("name", flat=True)) == ["Wording"]
    assert client.post(reverse("release-cancel", args=[release.pk]), {"reason": "Later."}).status_code == 303
    assert "Cancelled:" in client.get(reverse("release", args=[release.pk])).content.decode()


def test_p12_a_form_that_does_not_fit_comes_back_with_what_is_wrong(
    ship: Ship, rhea: User, emil: User, browser_of: Browser
) -> None:
    client, release = browser_of(rhea), ship.release.pk
    cases: list[tuple[str, dict[str, object]]] = [
        ("feature-add", {"name": "", "owner": emil.pk}),
        ("feature-add", {"name": "x" * 121, "owner": emil.pk}),
        ("feature-add", {"name": "Fine", "owner": 10**30}),
        ("feature-add", {"name": "Fine", "owner": emil.pk, "flags": ["nonsense"]}),
        ("feature-add", {"name": "a\x00b", "owner": emil.pk}),
        ("feature-link", {"feature": ship.feature.pk, "other": ship.feature.pk, "kind": "after"}),
        ("release-candidate", {"build": "0"}),
        ("release-words", {"name": ""}),
        ("release-cancel", {}),
    ]
    before = AuditEntry.objects.count()
    for name, data in cases:
        answer = client.post(reverse(name, args=[release]), data)
        assert answer.status_code == 422, (name, data)
    taken = client.post(reverse("feature-add", args=[release]), {"name": ship.feature.name, "owner": emil.pk})
    assert taken.status_code == 409 and "has a feature of this name" in taken.content.decode()
    assert AuditEntry.objects.count() == before


def test_p6_reading_writes_nothing(ship: Ship, rhea: User, browser_of: Browser) -> None:
    client = browser_of(rhea)
    addresses = [page(ship), reverse("release-scope", args=[ship.release.pk]), reverse("releases"), reverse("running")]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        for address in addresses:
            assert client.get(address).status_code == 200
            assert client.head(address).status_code == 200
        transaction.set_rollback(True)
    for name in ("release-words", "feature-add", "release-candidate", "release-cancel"):
        assert client.get(reverse(name, args=[ship.release.pk])).status_code == 405


def test_the_pages_cost_the_same_for_one_feature_and_for_many(
    ship: Ship, rhea: User, emil: User, browser_of: Browser, flag_of: Callable[[str], Flag], storefront: Product
) -> None:
    client = browser_of(rhea)
    addresses = [page(ship, part="scope"), page(ship), reverse("releases"), reverse("running")]
    addresses.append(reverse("release-scope", args=[ship.release.pk], query={"edit": ship.feature.pk}))

    def cost() -> list[int]:
        counts = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts.append(len(queries))
        return counts

    actions.add_feature(release=ship.release, name="Second", owner=emil, actor=rhea, no_flag_reason="words")
    cost()
    before = cost()
    for number in range(5):
        actions.add_feature(
            release=ship.release, name=f"F {number}", owner=emil, actor=rhea, flags=[flag_of(f"flag-{number}")]
        )
        actions.create_release(product=storefront, name=f"Release {number}", actor=rhea)
        place = actions.add_slot(environment=ship.slot.environment, name=f"slot-{number}", actor=emil)
        actions.register_deployment(build=ship.build, environment=place.environment, slot=place, actor=emil)
    assert cost() == before


def test_running_says_what_agrees_and_what_does_not(
    ship: Ship, staging: Environment, emil: User, tomas: User, browser_of: Browser
) -> None:
    actions.set_status(release=ship.release, status="rollout", actor=None)
    html = browser_of(tomas).get(reverse("running")).content.decode()
    assert "by record" in html and "Search 2.0" in html
    from core import clock

    Slot.objects.filter(pk=ship.slot.pk).update(
        version_url="http://green.example/version", observed_digest=OTHER_DIGEST, observed_at=clock.now()
    )
    html = browser_of(tomas).get(reverse("running"), headers={"HX-Request": "true"}).content.decode()
    assert "It does not run what was deployed." in html and "<html" not in html
    Slot.objects.filter(pk=ship.slot.pk).update(observed_digest=ship.build.digest)
    assert "confirmed" in browser_of(tomas).get(reverse("running")).content.decode()


def test_engineers_look_at_facts_and_change_slots_and_freezes_on_the_record(
    ship: Ship, emil: User, storefront: Product, browser_of: Browser
) -> None:
    emil.is_staff = emil.is_superuser = True
    emil.save()
    client = browser_of(emil)
    for model in ("build", "check", "deployment", "release", "candidate", "feature", "featurelink", "slot", "freeze"):
        assert client.get(f"/admin/releases/{model}/").status_code == 200, model
    for model in ("build", "check", "deployment", "release", "candidate", "feature"):
        assert client.get(f"/admin/releases/{model}/add/").status_code == 403, model
    page = f"/admin/releases/slot/{ship.slot.pk}/change/"
    assert client.post(page, {"version_url": "http://green.example/version"}).status_code == 302
    assert AuditEntry.objects.get(action="slot_changed").actor == emil
    times = {"starts_at_0": "2026-11-27", "starts_at_1": "00:00", "ends_at_0": "2026-11-28", "ends_at_1": "00:00"}
    answer = client.post(
        "/admin/releases/freeze/add/", {"product": storefront.pk, "reason": "Sale", **times}, follow=True
    )
    assert "Only a release manager or owner of Storefront may do this." in answer.content.decode()
    emil.roles.create(product=storefront, kind="owner")
    client.post("/admin/releases/freeze/add/", {"product": storefront.pk, "reason": "Sale", **times})
    freeze = Freeze.objects.get()
    client.post("/admin/releases/freeze/", {"action": "lift", "_selected_action": [freeze.pk]})
    freeze.refresh_from_db()
    assert freeze.lifted_at and AuditEntry.objects.filter(action="freeze_lifted").exists()


def test_today_tells_the_manager_what_cannot_go_on(ship: Ship, rhea: User, tomas: User) -> None:
    from core import clock
    from releases.today import work

    row, later = work(rhea, clock.now())
    assert row.title == "Search 2.0" and row.group == "blocked" and row.frees == 1
    assert [one.group for one in work(tomas, clock.now())] == [later.group] == ["meanwhile"]


def test_every_room_has_its_gates_and_panels_on_the_page(ship: Ship, rhea: User, browser_of: Browser) -> None:
    html = browser_of(rhea).get(page(ship)).content.decode()
    for name in ("Scope", "Flag coverage", "Candidate", "Staging", "Checklist", "Running build", "Freeze"):
        assert f">{name}</a>" in html or f">{name}</span>" in html, name


def test_every_room_adds_the_same_cost_for_one_feature_and_for_many(
    ship: Ship, rhea: User, emil: User, browser_of: Browser, flag_of: Callable[[str], Flag]
) -> None:
    client = browser_of(rhea)
    addresses = [page(ship), page(ship, part="scope"), page(ship, part="risk")]
    addresses.append(reverse("release-scope", args=[ship.release.pk]))

    def cost() -> list[int]:
        counts = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts.append(len(queries))
        return counts

    actions.add_feature(release=ship.release, name="Second", owner=emil, actor=rhea, no_flag_reason="words")
    cost()
    before = cost()
    for number in range(4):
        flag = flag_of(f"flag-{number}")
        actions.add_feature(release=ship.release, name=f"F {number}", owner=emil, actor=rhea, flags=[flag])
    assert cost() == before


def offered(release: Release, user: User, now: datetime) -> list[Panel]:
    """A room that offers a press where the release waits for its scope."""
    return [Panel(presses={"scope": Press("Remind", "/remind/", "bell")}, then="5 %")]


def moving(release: Release, user: User, now: datetime) -> list[Panel]:
    """A room whose line takes the place of the page's own, with its button."""
    return [Panel(line=Line("live", "live", "25 % have it:", "all well"), act=Act("Watch", "/rollouts/1/"))]


def test_the_sentence_has_the_button_of_the_first_shut_gate_and_what_can_be_pressed(
    ship: Ship, rhea: User, browser_of: Browser, settings: Settings
) -> None:
    settings.RELEASE_PANELS = [f"{__name__}.offered"]
    client = browser_of(rhea)
    html = client.get(page(ship, part="top")).content.decode()
    assert "Ready:" in html and "/remind/" not in html, "it waits for nothing"
    actions.change_release(release=ship.release, actor=rhea, way_back="")
    html = client.get(page(ship, part="top")).content.decode()
    assert "for Scope (Rhea Lind" in html and "The way back is not written." in html
    assert 'method="post" action="/remind/"' in html and "csrfmiddlewaretoken" in html
    assert reverse("release-scope", args=[ship.release.pk]) in html and html.count("btn--primary") == 1
    settings.RELEASE_PANELS = [f"{__name__}.offered", f"{__name__}.moving"]
    html = client.get(page(ship, part="top")).content.decode()
    assert "25 % have it:" in html and 'href="/rollouts/1/"' in html and "/remind/" not in html
