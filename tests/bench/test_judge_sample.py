"""The bench itself: its fast path is the shipped fold, its bound is exact, and a sample of it keeps the promises."""

import numpy as np
import pytest

from bench.binomial import tail_at_most, upper_bound
from bench.judge import GROWTH, PARAMS, run
from bench.traffic import Cell, cells, users
from bench.vectorised import Drawn, Harm, Phase, alarms, draw
from rollouts.judge import Observation, Params, Side, State, fold
from rollouts.judge.evidence import EPOCH_SECONDS

RETRIES = 4
CELLS = [Cell(per_minute, population, 10.0) for per_minute in (100, 600) for population in ("beta", "unlucky")]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
@pytest.mark.parametrize(
    ("phases", "harm"),
    [(GROWTH, Harm()), ([Phase(0.5, 0, 3600)], Harm(3.0, 0.0)), (GROWTH, Harm(3.0, 1500.0))],
    ids=["healthy growth", "harm from the start", "harm while growing"],
)
@pytest.mark.parametrize("look", [1.0, 10.0])
def test_the_fast_path_sounds_the_shipped_folds_alarms(
    cell: Cell, phases: list[Phase], harm: Harm, look: float
) -> None:
    some = users(cell, 1, np.random.default_rng(7))
    fast = float(alarms(some, phases, harm, PARAMS, np.random.default_rng(11))[0])
    state = State()
    rng, extras = np.random.default_rng(11), np.random.default_rng(13)
    for phase in phases:
        params = Params(since=phase.since, alpha=PARAMS.alpha, kpis=PARAMS.kpis)
        canary = some.on_canary(phase.weight)[0]
        opened = params.start
        while opened < phase.until:
            length = min(EPOCH_SECONDS, phase.until - opened)
            drawn = draw(some, phase, opened, length, harm, rng)
            requests = sorted(_requests(drawn, canary, opened, length, extras), key=lambda one: one.at)
            for batch in _looks(requests, look):
                state = fold(state, batch, params)
            opened += EPOCH_SECONDS
    slow = state.alarm.at if state.alarm else np.inf
    assert slow == pytest.approx(fast)


def _requests(
    drawn: Drawn, canary: np.ndarray, opened: float, length: float, rng: np.random.Generator
) -> list[Observation]:
    """The drawn first and first bad requests, four retries after each failure, and good requests in between."""
    made = []
    for user in np.flatnonzero(np.isfinite(drawn.first[0])):
        side = Side.CANARY if canary[user] else Side.STABLE
        first, bad = float(drawn.first[0, user]), float(drawn.bad[0, user])
        made.append(Observation(int(user), side, opened + first, first == bad))
        if np.isfinite(bad):
            retried = bad + np.arange(RETRIES + 1) * 0.2
            made += [Observation(int(user), side, opened + at, True) for at in retried if at < length]
        more = rng.uniform(first, length, 3)
        made += [Observation(int(user), side, opened + float(at), False) for at in more]
    return made


def _looks(requests: list[Observation], look: float) -> list[list[Observation]]:
    batches: dict[int, list[Observation]] = {}
    for one in requests:
        batches.setdefault(int(one.at // look), []).append(one)
    return list(batches.values())


def test_the_bound_on_a_share_is_clopper_and_pearsons() -> None:
    assert upper_bound(0, 100, 0.95) == pytest.approx(1 - 0.05 ** (1 / 100))
    assert upper_bound(5, 5) == 1.0
    assert tail_at_most(3, 2000, upper_bound(3, 2000)) == pytest.approx(0.01, rel=1e-6)
    assert tail_at_most(2, 4, 0.5) == pytest.approx(11 / 16)


def test_a_sample_of_the_bench_keeps_its_promises() -> None:
    """With 300 healthy and 75 harmful runs a cell, so that chance alone breaks it about once in a million."""
    chosen = [cell for cell in cells() if cell.look == 10.0 and cell.per_minute < 6000]
    for result in run(chosen, 300, workers=1):
        assert result.stopped <= 300 * PARAMS.alpha + 15, result.cell.name
        assert result.caught >= (0.75 if result.cell.per_minute == 100 else 0.85), result.cell.name
        assert result.late <= 2.6 * result.start, result.cell.name
