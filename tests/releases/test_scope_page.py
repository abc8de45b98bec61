"""The scope page: whom a change would ask again is said before it is saved, and nothing is half-written."""

from collections.abc import Callable, Mapping

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from core.models import AuditEntry, User
from flags.models import Flag, FlagState
from releases.models import Feature, Release
from tests.releases.conftest import Ship

Browser = Callable[[User], Client]
SIGNED: Mapping[str, list[str]] = {"features": ["QA"], "flags": ["Business"], "way_back": ["Business", "QA"]}


def signers(release: Release) -> Mapping[str, list[str]]:
    return SIGNED


def nobody(release: Release) -> Mapping[str, list[str]]:
    return {}


def scope(ship: Ship) -> str:
    return reverse("release-scope", args=[ship.release.pk])


@pytest.fixture(autouse=True)
def this_room_alone(settings: Settings) -> None:
    settings.SIGNERS = [f"{__name__}.nobody"]


def test_p4_it_says_before_saving_whom_a_change_asks_again(
    ship: Ship, rhea: User, browser_of: Browser, settings: Settings
) -> None:
    client = browser_of(rhea)
    assert "will be asked again" not in client.get(scope(ship)).content.decode()
    settings.SIGNERS = [f"{__name__}.signers"]
    html = client.get(scope(ship)).content.decode()
    assert "This changes what was signed: Business and QA will be asked again." in html, "a feature has its flags"
    assert "Another way back, not another name or summary, changes what was signed: Business and QA" in html
    candidate = html[html.index('id="candidate"') : html.index('id="words"')]
    assert "asked again" not in candidate, "nobody signed a candidate"


def test_a_feature_gets_a_new_flag_in_the_same_step(ship: Ship, rhea: User, emil: User, browser_of: Browser) -> None:
    client = browser_of(rhea)
    data = {"name": "Instant results", "owner": emil.pk, "new_flag": "search-instant"}
    assert client.post(reverse("feature-add", args=[ship.release.pk]), data).status_code == 303
    flag = Flag.objects.get(key="search-instant")
    assert (flag.claim, flag.owner) == (ship.release.subject, emil)
    assert list(Feature.objects.get(name="Instant results").flags.all()) == [flag]
    assert not FlagState.objects.filter(flag=flag, weight__gt=0).exists(), "nobody has it"
    change = {"name": ship.feature.name, "owner": emil.pk, "flags": [ship.flag.pk], "new_flag": "search-two"}
    assert client.post(reverse("feature", args=[ship.release.pk, ship.feature.pk]), change).status_code == 303
    assert set(ship.feature.flags.values_list("key", flat=True)) == {"search-typo", "search-two"}


def test_p12_a_taken_key_is_told_under_its_field_and_nothing_is_written(
    ship: Ship, rhea: User, emil: User, browser_of: Browser
) -> None:
    before = AuditEntry.objects.count()
    data = {"name": "Instant results", "description": "while typing", "owner": emil.pk, "new_flag": ship.flag.key}
    answer = browser_of(rhea).post(reverse("feature-add", args=[ship.release.pk]), data)
    html = answer.content.decode()
    assert 400 <= answer.status_code < 500
    assert 'id="id_new_flag_error"' in html and 'aria-invalid="true"' in html
    assert 'value="Instant results"' in html and "while typing" in html, "what was typed stays"
    assert not Feature.objects.filter(name="Instant results").exists() and AuditEntry.objects.count() == before


def test_a_name_that_is_taken_is_told_under_the_name(ship: Ship, rhea: User, emil: User, browser_of: Browser) -> None:
    data = {"name": ship.feature.name, "owner": emil.pk}
    html = browser_of(rhea).post(reverse("feature-add", args=[ship.release.pk]), data).content.decode()
    assert 'id="id_name_error"' in html and "has a feature of this name" in html


def test_who_may_not_change_it_reads_it(ship: Ship, tomas: User, browser_of: Browser) -> None:
    html = browser_of(tomas).get(scope(ship)).content.decode()
    assert "The flags go off; the old index stays." in html and "Release managers and owners of" in html
    assert "<textarea" not in html


def test_the_whole_story_is_paged_and_folds_like_the_timeline(ship: Ship, rhea: User, browser_of: Browser) -> None:
    address = reverse("release-story", args=[ship.release.pk])
    html = browser_of(rhea).get(address).content.decode()
    assert "opened the release" in html and "Emil Sand" in html and "registered build 2.0.3" in html
    assert browser_of(rhea).get(address, {"page": "nonsense"}).status_code == 200
