"""The rules as a machine: whatever happens in whatever order, growth is one step at a time and only if all is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.weights import FULL
from rollouts import rules
from rollouts.judge.types import Kind
from rollouts.rules import GateFact, KpiFact, Phase, Snapshot, Step, TargetFact

PAUSING = GateFact(name="Sign-off", sentence="Revoked.", pauses=True)
HOLDING = GateFact(name="Freeze", sentence="Frozen.", pauses=False)


class Rollout(RuleBasedStateMachine):
    """The engine's part is played here in a few lines; every decision is the shipped one."""

    @initialize(
        weights=st.lists(st.integers(1, FULL - 1), max_size=3, unique=True).map(lambda some: [*sorted(some), FULL]),
        bake=st.integers(0, 60),
        users=st.integers(0, 30),
        team=st.sampled_from(["", "QA"]),
    )
    def start(self, weights: list[int], bake: int, users: int, team: str) -> None:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        plan = tuple(
            Step(weight=one, bake=timedelta(seconds=bake), min_users=users, go_team=team if number == 1 else "")
            for number, one in enumerate(weights)
        )
        kpi = KpiFact(name="K", kind=Kind.NO_DATA, reason="Nothing yet.", since=now)
        target = TargetFact(name="T", desired=weights[0], observed=None, moved_at=now)
        self.now = Snapshot(
            now=now,
            phase=Phase.RUNNING,
            step=0,
            steps=plan,
            step_since=now,
            baked_since=None,
            watch_since=None,
            watch=timedelta(seconds=30),
            kpis=(kpi,),
            targets=(target,),
        )
        self.history = [0]
        self.over = ""

    @rule(seconds=st.integers(0, 700))
    def time_passes(self, seconds: int) -> None:
        self.now = replace(self.now, now=self.now.now + timedelta(seconds=seconds))

    @rule(kind=st.sampled_from(Kind), users=st.integers(0, 40), convicts=st.booleans())
    def the_judge_speaks(self, kind: Kind, users: int, convicts: bool) -> None:
        (kpi,) = self.now.kpis
        since = kpi.since if kind is kpi.kind else self.now.now
        self.now = replace(self.now, kpis=(replace(kpi, kind=kind, users=users, convicts=convicts, since=since),))

    @rule(answers=st.booleans())
    def the_router_answers(self, answers: bool) -> None:
        (target,) = self.now.targets
        observed = target.desired if answers else 0
        confirmed = self.now.now if answers and not self.now.baked_since else self.now.baked_since
        self.now = replace(self.now, targets=(replace(target, observed=observed),), baked_since=confirmed)

    @rule(gates=st.sets(st.sampled_from([PAUSING, HOLDING])))
    def gates_change(self, gates: set[GateFact]) -> None:
        self.now = replace(self.now, gates=tuple(gates))

    @rule()
    def the_team_presses_go(self) -> None:
        self.now = replace(self.now, gone=self.now.gone | {self.now.step + 1})

    @rule()
    def a_person_resumes(self) -> None:
        if self.now.phase is Phase.PAUSED:
            self.now = replace(self.now, phase=Phase.WATCH if self.now.watch_since else Phase.RUNNING)

    @rule()
    def the_engine_looks(self) -> None:
        if self.over:
            return
        before = self.now
        decision = rules.decide(before)
        match decision:
            case rules.Advance():
                self._growth_was_right(before, decision)
                weight = before.steps[decision.step].weight
                moved = replace(before.targets[0], desired=weight, moved_at=before.now)
                self.history.append(decision.step)
                self.now = replace(
                    before,
                    step=decision.step,
                    step_since=before.now,
                    baked_since=None,
                    targets=(moved,),
                    phase=Phase.RUNNING,
                )
            case rules.Hold():
                assert before.phase is not Phase.WATCH
                self.now = replace(before, phase=Phase.HELD)
            case rules.Pause():
                self.now = replace(before, phase=Phase.PAUSED)
            case rules.Watch():
                assert before.is_last
                self.now = replace(before, phase=Phase.WATCH, watch_since=before.now)
            case rules.RollBack():
                assert decision.kpi.kind is Kind.FAIL and decision.kpi.convicts
                self.over = "rolled back"
            case rules.Complete():
                assert before.phase is Phase.WATCH and before.kpis[0].kind is Kind.PASS
                self.over = "complete"
            case rules.Wait():
                if before.phase is Phase.HELD:
                    self.now = replace(before, phase=Phase.RUNNING)
        assert decision.reasons and all(decision.reasons)

    def _growth_was_right(self, before: Snapshot, decision: rules.Advance) -> None:
        assert decision.step == before.step + 1
        assert before.phase in (Phase.RUNNING, Phase.HELD)
        assert not before.gates
        assert all(kpi.kind is Kind.PASS for kpi in before.kpis)
        assert all(target.is_confirmed for target in before.targets)
        assert before.baked_at is not None and before.now >= before.baked_at
        assert not before.steps[decision.step].go_team or decision.step in before.gone
        assert before.kpis[0].users >= before.steps[before.step].min_users

    @invariant()
    def steps_are_taken_one_by_one(self) -> None:
        if hasattr(self, "history"):
            assert self.history == list(range(len(self.history)))

    @invariant()
    def harm_that_is_proved_always_leads_back(self) -> None:
        if not hasattr(self, "now") or self.over:
            return
        if any(kpi.kind is Kind.FAIL and kpi.convicts for kpi in self.now.kpis):
            assert isinstance(rules.decide(self.now), rules.RollBack)

    @invariant()
    def the_screen_agrees_with_the_decision(self) -> None:
        if not hasattr(self, "now") or self.over:
            return
        decision, action = rules.decide(self.now), rules.next_action(self.now)
        if isinstance(decision, rules.Advance):
            assert (action.verb, action.weight) == ("advance", self.now.steps[decision.step].weight)
        if isinstance(decision, rules.RollBack | rules.Pause):
            assert action.verb == "none"


test_the_rules_as_a_machine = Rollout.TestCase
test_the_rules_as_a_machine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
