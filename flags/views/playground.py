"""The playground: what one user would get, and why; now or as of a past version. It changes and counts nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from core.models import AuditEntry, Environment
from flags import buckets, definition, past, rules, snapshot
from flags.choices import Carrier
from flags.evaluation import Result, Trace, explain, phrases
from flags.forms.play import CannotAsk, Question
from flags.models import Flag
from flags.places import production_first

SHOWN = 200
"""Letters of a value in the answer."""
OFFERED = 8


@dataclass(frozen=True)
class Answer:
    """`version` and `entry` are set where a past one was asked: when the flag became so, and by whom."""

    trace: Trace
    where: Environment
    version: int | None = None
    entry: AuditEntry | None = None

    @property
    def value(self) -> str:
        """What code gets, where the variant's name does not say it."""
        outcome = self.trace.outcome
        if not isinstance(outcome, Result) or self.trace.definition.type == "boolean":
            return ""
        text = phrases.text_of(outcome.value)
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"

    @property
    def lines(self) -> list[buckets.Line]:
        return buckets.lines(self.trace)


def played(request: HttpRequest, shown: Flag) -> dict[str, Any]:
    """The form as it was sent; with `answer`, or with what cannot be asked (`cannot`), if it was asked something."""
    question = Question.sent(request.GET)
    places = production_first(shown.product)
    context: dict[str, Any] = {
        "play": question,
        "play_rows": question.shown(_attributes(shown)),
        "play_places": places,
        "cannot": "",
    }
    if question.asked:
        try:
            context["answer"] = answer(question, shown, places)
        except CannotAsk as cannot:
            context["cannot"] = str(cannot)
    return context


def answer(question: Question, shown: Flag, places: list[Environment]) -> Answer:
    """Raises CannotAsk."""
    where = next((one for one in places if one.slug == question.environment), None)
    if where is None:
        raise CannotAsk(f"{shown.product} has no such environment.")
    asked, number = question.context(), question.number()
    if number is None:
        here = snapshot.load({where.pk})[where.pk]
        if shown.key not in here.flags:
            raise CannotAsk(f"{shown.key} is archived: nobody is answered about it now.")
        return Answer(explain(here.flags[shown.key], here.flags, here.segments, asked), where)
    last = past.last_version(where)
    if number > last:
        raise CannotAsk(f"{where.name} is at version {last}; {number} is still to come.")
    then = past.as_of(where, number, shown)
    if shown.key not in then.definitions:
        raise CannotAsk(f"{shown.key} was not there at version {number} of {where.name.lower()}.")
    trace = explain(then.definitions[shown.key], then.definitions, then.segments, asked)
    return Answer(trace, where, number, then.entry)


def _attributes(shown: Flag) -> list[str]:
    """What the flag's rules ask for, in any environment: these are offered to be filled in."""
    states = list(shown.states.all())
    segments = definition.segments_of(shown.product_id) if any(one.targeting["rules"] for one in states) else {}
    found: dict[str, None] = {}
    for state in states:
        if state.carrier == Carrier.BUILD:
            found["build"] = None
        conditions = [rule["when"] for rule in state.targeting["rules"]]
        conditions += rules.used_segments(state.targeting, segments).values()
        for condition in conditions:
            found.update(dict.fromkeys(_named(condition)))
    found.pop("targetingKey", None)
    return list(found)[:OFFERED]


def _named(condition: Mapping[str, Any]) -> Iterator[str]:
    if "attribute" in condition:
        yield condition["attribute"]
    for part in (*condition.get("all", ()), *condition.get("any", ()), *filter(None, [condition.get("not")])):
        yield from _named(part)
