"""Rollouts for scripts: reading, stopping, and plain answers to what is wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from core.models import ApiToken, Product, User
from rollouts import actions
from rollouts.choices import RolloutState
from rollouts.models import Rollout
from tests.rollouts.story import Story

Told = Callable[..., Story]


@pytest.fixture
def rollout(told: Told) -> Rollout:
    story = told(bake=600)
    return actions.start_rollout(release=story.release, actor=story.rhea)


def ask(user: User, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    product = Product.objects.filter(roles__user=user).get()
    _, key = ApiToken.issue(user=user, product=product, name="test")
    send = getattr(Client(), method)
    extra: dict[str, Any] = {"data": body, "content_type": "application/json"} if method == "post" else {}
    return send(f"/api/v1/rollouts/{path}", headers={"authorization": f"Bearer {key}"}, **extra)


def test_it_says_how_it_stands(rollout: Rollout, emil: User) -> None:
    said = ask(emil, "get", str(rollout.pk)).json()
    assert (said["state"], said["desired"], said["live"]) == ("running", 5_000, True)
    assert {target["router"] for target in said["targets"]} == {"route", "flag"}
    assert said["kpis"][0]["verdict"] == "no_data"


def test_p2_one_call_brings_everybody_back(rollout: Rollout, emil: User) -> None:
    answer = ask(emil, "post", f"{rollout.pk}/roll-back", {"reason": "errors rise"})
    assert answer.status_code == 200
    assert answer.json()["state"] == "rolled_back" and answer.json()["restored_at"]
    assert ask(emil, "post", f"{rollout.pk}/roll-back", {"reason": "again"}).status_code == 200


def test_hold_and_resume(rollout: Rollout, rhea: User) -> None:
    assert ask(rhea, "post", f"{rollout.pk}/hold", {"reason": "lunch"}).json()["state"] == "paused"
    assert ask(rhea, "post", f"{rollout.pk}/hold", {"reason": "lunch"}).status_code == 409
    assert ask(rhea, "post", f"{rollout.pk}/resume", {}).json()["state"] == "running"


def test_p12_what_is_wrong_is_named_and_nothing_is_done(rollout: Rollout, rhea: User, tomas: User, otto: User) -> None:
    for path in ("hold", "roll-back"):
        for body in ({}, {"reason": ""}, {"reason": 7}, {"reason": "a\x00b"}, {"reason": "x" * 301}):
            answer = ask(rhea, "post", f"{rollout.pk}/{path}", body)
            assert answer.status_code == 422 and answer["content-type"].startswith("application/problem+json")
            assert "reason" in str(answer.json())
        assert ask(rhea, "post", f"{rollout.pk}/{path}", {"reason": "   "}).status_code == 422
        assert ask(tomas, "post", f"{rollout.pk}/{path}", {"reason": "because"}).status_code == 403
        assert ask(otto, "post", f"{rollout.pk}/{path}", {"reason": "because"}).status_code == 404
    assert ask(otto, "get", str(rollout.pk)).status_code == 404
    rollout.refresh_from_db()
    assert rollout.state == RolloutState.RUNNING
