"""Sources by alias: what cannot be read fails at `manage.py check`, by name."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from rollouts import metrics
from rollouts.metrics import SOURCES, Query
from rollouts.metrics.access_log import AccessLogSource


def test_an_alias_gives_its_source(settings: Settings) -> None:
    settings.SLIPWAY_METRICS = {
        "log": {"backend": "access_log", "options": {"path": "/var/log/access.log"}},
        "dotted": {"backend": "rollouts.metrics.recording.RecordingSource"},
    }
    assert metrics.aliases() == ["dotted", "log"]
    assert isinstance(metrics.get("log"), AccessLogSource)
    assert metrics.get("dotted").describe() == "a recording"
    assert SOURCES.check(None) == []


@pytest.mark.parametrize(
    ("configured", "words"),
    [
        ({"backend": "prometeus"}, "prometeus"),
        ({"backend": "rollouts.metrics.recording.Nothing"}, "Nothing"),
        ({"backend": "access_log", "options": {"pth": "x"}}, "pth"),
        ({"backend": "access_log"}, "path"),
        ({"backend": "exposition", "options": {"url": "http://x", "colour": "red"}}, "colour"),
        ({"options": {}}, "backend"),
        ({"backend": "recording", "option": {}}, "option"),
    ],
)
def test_what_cannot_be_made_is_an_error_that_names_it(
    settings: Settings, configured: dict[str, Any], words: str
) -> None:
    settings.SLIPWAY_METRICS = {"main": configured}
    (error,) = SOURCES.check(None)
    assert words in error.msg
    assert "main" in error.msg or "kind" in error.msg


def test_an_unknown_alias_is_refused(settings: Settings) -> None:
    settings.SLIPWAY_METRICS = {}
    with pytest.raises(ImproperlyConfigured, match="nowhere"):
        metrics.get("nowhere")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"canary": "green"}, "stable"),
        ({"canary": "", "stable": "blue"}, "canary"),
        ({"canary": "green", "stable": "blue", "slow": 5}, "slow"),
        ({"canary": "green", "stable": "blue", "slow_ms": "fast"}, "slow_ms"),
        ({"canary": "green", "stable": "blue", "bad_status": True}, "bad_status"),
    ],
)
def test_p12_a_query_that_makes_no_sense_names_its_field(data: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Query.from_json(data)


def test_a_query_comes_from_json() -> None:
    query = Query.from_json({"canary": "green", "stable": "blue", "slow_ms": 75})
    assert query == Query("green", "blue", slow_ms=75)
