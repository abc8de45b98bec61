"""One scenario on the bench, step by step: what is recorded, which step is next, and what follows from them."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from core.models import User
from validation import rules
from validation.bench import Row
from validation.choices import ResultStatus
from validation.models import Run, StepResult


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of a scenario, with what counts of it. `on`: this is the one to answer now."""

    number: int
    do: str
    expect: str
    status: ResultStatus | None = None
    note: str = ""
    on: bool = False


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """`verdict` is what the steps say so far, `submitted` that a result says so; `saved` when the newest row was
    written. `tried` holds, by run, the newest outcome of each step (number → status).
    """

    steps: list[Step]
    verdict: ResultStatus | None = None
    submitted: bool = False
    saved: datetime | None = None
    run: Run | None = None
    tried: dict[int, dict[int, ResultStatus]] = field(default_factory=dict)

    @property
    def now(self) -> Step | None:
        return next((step for step in self.steps if step.on), None)

    @property
    def left(self) -> int:
        return sum(step.status is None for step in self.steps)

    @property
    def closes(self) -> bool:
        """Whether passing the step at hand passes the scenario."""
        others = [step.status for step in self.steps if not step.on]
        return self.now is not None and all(status == ResultStatus.PASS for status in others)

    @property
    def suggested(self) -> dict[str, object]:
        """How a finding begins: with what was seen at the step that failed, else with the step at hand."""
        failed = next((step for step in self.steps if step.status == ResultStatus.FAIL), None)
        step = failed or self.now
        if step is None:
            return {}
        return {"step": step.number, "title": (step.note or f"{step.do.rstrip('. ')}: ")[:160]}


def sitting_of(row: Row, run: Run | None, user: User, asked: int = 0) -> Sitting:
    """The steps as `run` has them, which is this tester's open one; readers see them as they were last tried on the
    candidate. `asked` is the step that somebody wants to answer (again). One query.
    """
    scenario = row.scenario
    found: dict[int, dict[int, StepResult]] = defaultdict(dict)
    for one in scenario.step_results.select_related("note").order_by("at", "id"):
        if one.version == scenario.version:
            found[one.run_id][one.step] = one
    shown = found.get(run.pk if run else row.newest.run_id if row.newest else 0, {})
    states = [_status(shown.get(number)) for number in range(1, len(scenario.steps) + 1)]
    now = _now(states, asked) if run else 0
    mine = next((one for one in row.here if run and one.run_id == run.pk), None)
    newest = max((one.at for one in shown.values()), default=None)
    submitted = mine is not None and (newest is None or mine.at >= newest)
    return Sitting(
        steps=[_step(number, step, shown.get(number), now) for number, step in enumerate(scenario.steps, start=1)],
        verdict=rules.conclusion(states),
        submitted=submitted,
        saved=(mine.at if mine and submitted else newest) if run else None,
        run=run,
        tried={pk: {step: ResultStatus(one.status) for step, one in steps.items()} for pk, steps in found.items()},
    )


def _now(states: list[ResultStatus | None], asked: int) -> int:
    """The first step without an answer, unless another one is asked for; 0 when there is none."""
    if 1 <= asked <= len(states):
        return asked
    return states.index(None) + 1 if None in states else 0


def _status(found: StepResult | None) -> ResultStatus | None:
    return ResultStatus(found.status) if found else None


def _step(number: int, written: object, found: StepResult | None, now: int) -> Step:
    """A scenario's steps are written by actions; what came into the table otherwise is shown as it is."""
    step = written if isinstance(written, dict) else {"do": str(written)}
    note = getattr(found, "note", None)
    return Step(
        number=number,
        do=step.get("do", ""),
        expect=step.get("expect", ""),
        status=_status(found),
        note=note.text if note else "",
        on=number == now,
    )
