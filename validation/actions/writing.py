"""Scenarios: written, changed, and taken out again."""

from typing import Any

from django.db import transaction
from django.db.models import Max

from core import audit, clock
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict, Refused
from core.models import User
from core.rows import insert
from releases.models import Feature, Release
from validation import rules
from validation.actions.common import locked
from validation.models import Scenario

KEEPERS = (RoleKind.RELEASE_MANAGER, RoleKind.OWNER, RoleKind.APPROVER)
WRITERS = (*KEEPERS, RoleKind.TESTER)
LONGEST_STEP, MOST_STEPS, MOST_MINUTES = 400, 40, 600


@transaction.atomic
def write_scenario(
    *,
    release: Release,
    title: str,
    steps: object,
    actor: User,
    story: str = "",
    feature: Feature | None = None,
    minutes: int | None = None,
    tester: User | None = None,
) -> Scenario:
    """Add a scenario; each step is ``{"do": …, "expect": …}``. Raises Refused or Conflict naming the field."""
    release = locked(release)
    require(actor, release.product, *WRITERS)
    last = release.scenarios.aggregate(Max("order"))["order__max"] or 0
    scenario = Scenario(release=release, order=last + 1)
    _put(scenario, title=title, steps=steps, story=story, feature=feature, minutes=minutes, tester=tester)
    _record(scenario, actor, "scenario_written")
    return scenario


@transaction.atomic
def change_scenario(
    *,
    scenario: Scenario,
    title: str,
    steps: object,
    actor: User,
    story: str = "",
    feature: Feature | None = None,
    minutes: int | None = None,
    tester: User | None = None,
) -> Scenario:
    """Say it anew. Where that asks for another try (`rules.is_another_test`), earlier results count no more.

    Raises Refused or Conflict naming the field.
    """
    release = locked(scenario.release)
    require(actor, release.product, *WRITERS)
    scenario = _current(scenario)
    kept = _steps(steps)
    again = rules.is_another_test(title=scenario.title, steps=scenario.steps, by={"title": title, "steps": kept})
    scenario.version += again
    _put(scenario, title=title, steps=kept, story=story, feature=feature, minutes=minutes, tester=tester)
    _record(scenario, actor, "scenario_changed", again=again)
    return scenario


@transaction.atomic
def remove_scenario(*, scenario: Scenario, actor: User, reason: str = "") -> None:
    """Take it out; what has been tried stays on record, and is retired for a reason. Raises Refused, Conflict."""
    release = locked(scenario.release)
    require(actor, release.product, *KEEPERS)
    scenario = _current(scenario)
    used = scenario.results.exists() or scenario.step_results.exists() or scenario.findings.exists()
    if used and not reason.strip():
        raise Refused("It has been tried: say why nobody has to any more.", field="reason")
    if used:
        scenario.retired_at = clock.now()
        scenario.save(update_fields=["retired_at"])
    _record(scenario, actor, "scenario_retired" if used else "scenario_removed", reason=reason.strip())
    if not used:
        scenario.delete()


def _current(scenario: Scenario) -> Scenario:
    """The row as it is now; its release is locked. Raises Conflict for one that is gone."""
    found = Scenario.objects.current().select_related("release__product").filter(pk=scenario.pk).first()
    if found is None:
        raise Conflict("This scenario has been taken out.")
    return found


def _put(scenario: Scenario, *, title: str, steps: object, story: str, **rest: Any) -> None:
    release, feature, tester, minutes = scenario.release, rest["feature"], rest["tester"], rest["minutes"]
    if not title.strip():
        raise Refused("A scenario needs a title.", field="title")
    if feature and feature.release_id != release.pk:
        raise Refused("That feature belongs to another release.", field="feature")
    if tester and not tester.has_role(release.product, RoleKind.TESTER):
        raise Refused(f"{tester} is no tester of {release.product}.", field="tester")
    if minutes is not None and not 1 <= minutes <= MOST_MINUTES:
        raise Refused(f"A scenario takes 1 to {MOST_MINUTES} minutes.", field="minutes")
    scenario.title, scenario.story, scenario.steps = title.strip(), story.strip(), _steps(steps)
    scenario.feature, scenario.tester, scenario.minutes = feature, tester, minutes
    insert(scenario, taken="This release has a scenario of that title.", field="title")


def _steps(given: object) -> list[dict[str, str]]:
    """As they are kept. Raises Refused for anything but a list of ``{"do": …, "expect": …}``, which may be empty."""
    kept = []
    if isinstance(given, list) and len(given) > MOST_STEPS:
        raise Refused(f"A scenario has at most {MOST_STEPS} steps; write two.", field="steps")
    for step in given if isinstance(given, list) else [None]:
        step = {"expect": "", **step} if isinstance(step, dict) else {}
        do, expect = step.get("do"), step.get("expect")
        if not (isinstance(do, str) and isinstance(expect, str) and do.strip()):
            raise Refused('Steps are a list of {"do": …, "expect": …}, and each says what to do.', field="steps")
        if max(len(do), len(expect)) > LONGEST_STEP or "\x00" in do + expect:
            raise Refused(f"A step has at most {LONGEST_STEP} readable characters to do or to expect.", field="steps")
        kept.append({"do": do.strip(), "expect": expect.strip()})
    return kept


def _record(scenario: Scenario, actor: User, action: str, *, again: bool = False, reason: str = "") -> None:
    texts = {"scenario": scenario.title, "reason": reason}
    audit.record(
        stream=scenario.release.subject,
        actor=actor,
        action=action,
        subject=f"scenario:{scenario.pk}",
        data={"version": scenario.version, **({"note": ", to be tried again"} if again else {"note": ""})},
        texts=texts,
    )
