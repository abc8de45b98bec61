"""Many flags at once: what a file says becomes flags and changes of one environment, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction

from core import audit, locks
from core.errors import Refused
from core.models import Environment, User
from core.weights import FULL
from flags import definition, described, diff, evaluation, versions
from flags.actions import common, growth
from flags.actions.flag import create_flag, describe_flag, set_variants
from flags.actions.planned import submit_change
from flags.actions.segments import change_segment, create_segment
from flags.choices import ValueType
from flags.evaluation import Definition
from flags.evaluation.cycles import components
from flags.flagd.export import Portable
from flags.models import Flag, FlagState, PlannedChange, Segment

MOST = 200
"""Flags that one import may make or change: it holds the product's locks for so long."""


_Whole = tuple[dict[str, Any], dict[str, Any]]
"""What is said of a flag, and how it decides."""


@dataclass
class Report:
    """What an import did, or would do. `planned`: waits for a second person. `refused`: key → why; nothing was done.
    `differs`: by key of a flag that was there, or ``segment beta``, what is different.
    """

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    segments: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    differs: dict[str, list[diff.Change]] = field(default_factory=dict)
    done: bool = False

    @property
    def count(self) -> int:
        """How many flags it makes or changes, now or later."""
        return len({*self.created, *self.changed, *self.planned})

    @property
    def nothing(self) -> bool:
        """Everything is as the file has it."""
        return not (self.created or self.changed or self.planned or self.segments or self.refused)


@transaction.atomic
def import_flags(
    *,
    environment: Environment,
    flags: Iterable[Portable],
    segments: Mapping[str, Mapping[str, Any]],
    actor: User,
    reason: str = "",
    only_look: bool = False,
) -> Report:
    """Make the product's flags in `environment` what the file says, each through the same checks as by hand (P1, second
    person, versions). One that is refused refuses all; `only_look` tells what would happen, and does nothing.

    Of a flag that is there, the kill switch and who may read it stay as they are, and of those words that the file does
    not have, nothing is lost. Flags that the file does not name are left alone. It takes long, and holds what a way
    back needs: it gives way to whoever waits (P2). Raises Refused where more than MOST would
    change, Forbidden, Conflict.
    """
    product = environment.product
    common.may(actor, product)
    wanted = sorted(flags, key=lambda one: one.definition.key)
    locks.product_exclusive(product.pk)
    known = {flag.key: flag for flag in Flag.objects.filter(product=product).select_related("product").order_by("pk")}
    growth.hold_claims(flag.claim for flag in known.values() if flag.claim)
    versions.lock(product.environments.all())
    work = _Import(environment, actor, reason, known)
    work.take_segments(segments)
    report = work.report
    for one in _needed_first(wanted):
        growth.give_way()
        work.take(one)
        if report.count > MOST:
            raise Refused(f"An import may change {MOST} flags at once: send the file in parts.")
    if only_look or report.refused:
        transaction.set_rollback(True)
    elif not report.nothing:
        _record(environment, actor, report, reason)
        report.done = True
    return report


class _Import:
    """One import under way."""

    def __init__(self, environment: Environment, actor: User, reason: str, known: Mapping[str, Flag]) -> None:
        self.environment, self.actor, self.reason, self.known = environment, actor, reason, known
        self.report = Report()
        states = FlagState.objects.filter(environment=environment, flag__in=known.values())
        self.states = {state.flag_id: state for state in states}

    def take_segments(self, segments: Mapping[str, Mapping[str, Any]]) -> None:
        """Those that others are made of first."""
        product = self.environment.product
        there = {one.key: one for one in Segment.objects.filter(product=product).select_related("product")}
        graph = {key: sorted(evaluation.used_segments(one)) for key, one in segments.items()}
        for key in (key for component in components(graph) for key in component):
            growth.give_way()
            condition, old = segments[key], there.get(key)
            if old and definition.same(old.condition, condition):
                continue
            said: dict[str, Any] = {"actor": self.actor, "condition": condition}
            with _refusing(self.report, f"segment {key}"):
                if old:
                    about: dict[str, Any] = {"name": old.name, "description": old.description, "reason": self.reason}
                    changed = change_segment(segment=old, **about, **said)
                    self.report.differs[f"segment {key}"] = diff.segment(vars(old), vars(changed))
                else:
                    create_segment(product=product, key=key, name=key, **said)
                self.report.segments.append(key)

    def take(self, one: Portable) -> None:
        key = one.definition.key
        flag = self.known.get(key)
        with _refusing(self.report, key):
            if flag is None:
                self._create(one)
            elif flag.archived_at:
                raise Refused(f"{key} is archived here: bring it back first.")
            else:
                self._change(flag, one)

    def _create(self, one: Portable) -> None:
        new = one.definition
        flag = create_flag(
            product=self.environment.product,
            key=new.key,
            type=ValueType(new.type),
            variants=_variants(new),
            off=new.targeting["off"],
            seed=new.seed,
            salt=new.salt,
            for_clients=new.for_clients,
            actor=self.actor,
            **{"name": new.key, **_words(one)},
        )
        waits = self._submit(flag, {**_changes(new), **({} if new.enabled else {"enabled": False})})
        self.report.created.append(new.key)
        if waits:
            self.report.planned.append(new.key)

    def _change(self, flag: Flag, one: Portable) -> None:
        new = one.definition
        if flag.type != new.type:
            raise Refused(f"{flag.key} is {ValueType(flag.type).label.lower()} here: its type stays.")
        _refuse_other_users(flag, new)
        was = self._as_it_is(flag)
        words = {name: said for name, said in _words(one).items() if getattr(flag, name) != said}
        if words:
            flag = describe_flag(flag=flag, actor=self.actor, reason=self.reason, **words)
        other_values = not definition.same(flag.variants, _variants(new))
        if other_values:
            flag = set_variants(flag=flag, variants=_variants(new), actor=self.actor, reason=self.reason)
        state = self.states.get(flag.pk)
        changes = _changes(new)
        other_state = state is None or not definition.same({name: getattr(state, name) for name in changes}, changes)
        self.report.differs[flag.key] = _differs(was, self._as_it_is(flag, changes))
        if other_state and self._submit(flag, changes):
            self.report.planned.append(flag.key)
        elif other_state or other_values or words:
            self.report.changed.append(flag.key)
        else:
            self.report.same.append(flag.key)

    def _as_it_is(self, flag: Flag, changes: Mapping[str, Any] | None = None) -> _Whole:
        """There, or with `changes` of who gets what."""
        fresh = FlagState(flag=flag, targeting=evaluation.default_targeting(flag.variant_names))
        state = self.states.get(flag.pk, fresh)
        return described.words_of(flag), definition.complete(flag, state, **(changes or {}))

    def _submit(self, flag: Flag, changes: dict[str, Any]) -> bool:
        """Whether it waits for a second person."""
        made = submit_change(
            flag=flag,
            environment=self.environment,
            changes=changes,
            actor=self.actor,
            action="flag_imported",
            reason=self.reason,
        )
        return isinstance(made, PlannedChange)


@contextmanager
def _refusing(report: Report, key: str) -> Iterator[None]:
    """A part of an import in a savepoint: what is refused is noted under its key, and the rest is still looked at."""
    try:
        with transaction.atomic():
            yield
    except Refused as refused:
        report.refused[key] = refused.sentence


def _differs(before: _Whole, after: _Whole) -> list[diff.Change]:
    return [*described.changes(before[0], after[0]), *diff.changes(before[1], after[1])]


def _changes(new: Definition) -> dict[str, Any]:
    """Who gets what, as fields of a state."""
    return {**common.carried(new.weight, new.build), "targeting": dict(new.targeting)}


def _variants(new: Definition) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in new.variants]


def _words(one: Portable) -> dict[str, Any]:
    """What the file says about the flag; what it does not say is left out. Raises Refused."""
    said: dict[str, Any] = {"name": one.name, "description": one.description, "kind": one.kind, "tags": list(one.tags)}
    if one.expected_removal:
        try:
            said["expected_removal"] = date.fromisoformat(one.expected_removal)
        except ValueError:
            raise Refused(f"Its removal is expected on “{one.expected_removal[:40]}”, which is no date.") from None
    return {name: value for name, value in said.items() if value}


def _refuse_other_users(flag: Flag, new: Definition) -> None:
    """Seed and salt decide who is among the first, and who gets which variant: they stay, so that nobody gets another
    one unasked (P10).
    """
    given = new.targeting["on"], *(rule["serve"] for rule in new.targeting["rules"])
    if new.seed not in ("", flag.seed) and not new.build and 0 < new.weight < FULL:
        raise Refused(f"{flag.key} has another seed here: its percentage would reach other users.")
    if new.salt not in ("", flag.salt) and any("split" in serve for serve in given):
        raise Refused(f"{flag.key} has another salt here: its split would give others other values.")


def _needed_first(flags: Iterable[Portable]) -> list[Portable]:
    """What others need comes before them, as it must be there by then."""
    by_key = {one.definition.key: one for one in flags}
    graph = {key: [need["flag"] for need in one.definition.targeting["needs"]] for key, one in by_key.items()}
    return [by_key[key] for component in components(graph) for key in component]


def _record(environment: Environment, actor: User, report: Report, reason: str) -> None:
    data = {
        "environment": environment.slug,
        "created": len(report.created),
        "changed": len(report.changed),
        "planned": len(report.planned),
    }
    audit.record(
        stream=f"product:{environment.product_id}",
        actor=actor,
        action="flags_imported",
        subject=f"environment:{environment.pk}",
        data=data,
        texts={"reason": reason},
    )
