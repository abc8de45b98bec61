"""`python -m bench.judge`: does the judge stop healthy rollouts no more often than promised, and harmful ones soon?

Healthy runs grow 5 % → 25 % → 50 %, 20 minutes each, with every epoch restart and every user who changes sides; α = 5 %
is spent on one KPI, the case with the most false alarms. Harm is a threefold failure rate on the canary, at the 50 %
step; what a 5 % step sees is printed beside, and so is harm that begins in the middle of an epoch, five minutes later
than the promise asks for. A run is an hour from the start of harm. Base rates fall with traffic (5 %, 3 %, 0.5 % of
requests), so that each cell has between 5 and 30 bad requests a minute: with fewer no test sees much within an hour.
Wald's bound is the least mean time any test of this level could need that knew the hazard ratio beforehand and could
count independent requests, at the first epoch's level.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from bench.binomial import upper_bound
from bench.traffic import BASE_RATE, Cell, Floats, Users, cells, users
from bench.vectorised import Harm, Phase, alarms
from rollouts.judge.evidence import EPOCH_SECONDS, log_bound
from rollouts.judge.types import Params

PARAMS = Params(since=0.0, alpha=0.05, kpis=1)
GROWTH = [Phase(0.05, 0, 1200), Phase(0.25, 1200, 2400), Phase(0.5, 2400, 3600)]
WEIGHT, SMALL_WEIGHT, HORIZON, FACTOR = 0.5, 0.05, 3600.0, 3.0
LATE = 180 * 60.0
HALF_EPOCH = EPOCH_SECONDS / 2
CHUNK = 600_000
HARMFUL_SHARE = 4
"""For each harmful run there are so many healthy ones: shares near α need more runs than medians do."""


@dataclass(frozen=True)
class Result:
    """What one cell showed. Times are medians in seconds from the start of harm; inf when half were never caught."""

    cell: Cell
    runs: int
    stopped: int
    caught: float
    start: float
    late: float
    late_mid_epoch: float
    small: float
    wald: float

    @property
    def upper(self) -> float:
        """The upper 99 % bound of the share of healthy runs stopped."""
        return upper_bound(self.stopped, self.runs)

    def broken(self) -> list[str]:
        """Which promises this cell breaks."""
        needed = 0.85 if self.cell.per_minute == 100 else 0.95
        promises = {
            f"stops up to {self.upper:.2%} of healthy runs": self.upper <= PARAMS.alpha,
            f"catches {self.caught:.1%}, not {needed:.0%}": self.caught >= needed,
            f"late harm takes {self.late:.0f} s, from the start {self.start:.0f} s": self.late <= 2 * self.start,
        }
        return [sentence for sentence, kept in promises.items() if not kept]


def run_cell(cell: Cell, runs: int, seed: int) -> Result:
    """Simulate one cell: `runs` healthy rollouts and a quarter as many of each harmful sort."""
    rng = np.random.default_rng(seed)
    epochs_before = int(LATE // EPOCH_SECONDS) - 1
    opened = epochs_before * EPOCH_SECONDS

    def standing(weight: float, harm_at: float) -> Callable[[Users], Floats]:
        """Harm at `harm_at`; of a long healthy past only its last epoch is drawn, for who is at risk after it."""
        since, first_epoch = (opened, epochs_before + 1) if harm_at else (0.0, 1)
        phases = [Phase(weight, since, harm_at + HORIZON)]
        return lambda some: alarms(some, phases, Harm(FACTOR, harm_at), PARAMS, rng, first_epoch)

    def delays(weight: float, harm_at: float) -> Floats:
        found = _in_chunks(cell, max(runs // HARMFUL_SHARE, 50), rng, standing(weight, harm_at))
        found = found[found >= harm_at]
        return np.ceil(found / cell.look) * cell.look - harm_at

    healthy = _in_chunks(cell, runs, rng, lambda some: alarms(some, GROWTH, Harm(), PARAMS, rng))
    start = delays(WEIGHT, 0.0)
    return Result(
        cell=cell,
        runs=runs,
        stopped=int(np.isfinite(healthy).sum()),
        caught=float((start <= HORIZON).mean()),
        start=float(np.median(start)),
        late=float(np.median(delays(WEIGHT, LATE))),
        late_mid_epoch=float(np.median(delays(WEIGHT, LATE + HALF_EPOCH))),
        small=float(np.median(delays(SMALL_WEIGHT, 0.0))),
        wald=wald_seconds(cell),
    )


def _in_chunks(cell: Cell, runs: int, rng: np.random.Generator, simulate: Callable[[Users], Floats]) -> Floats:
    size = max(1, CHUNK // users(cell, 1, rng).activity.size)
    done = [simulate(users(cell, min(size, runs - start), rng)) for start in range(0, runs, size)]
    return np.concatenate(done)


def wald_seconds(cell: Cell) -> float:
    """log(1/α₁) over the information in a second of bad requests, each canary with chance λw/(λw+1−w)."""
    bad_canary = cell.per_minute / 60 * BASE_RATE[cell.per_minute] * WEIGHT * FACTOR
    bad_stable = cell.per_minute / 60 * BASE_RATE[cell.per_minute] * (1 - WEIGHT)
    mixed = FACTOR * WEIGHT + 1 - WEIGHT
    information = bad_canary * math.log(FACTOR / mixed) - bad_stable * math.log(mixed)
    return log_bound(1, PARAMS) / information


def run(chosen: list[Cell], runs: int, workers: int) -> Iterator[Result]:
    """The results of `chosen` in order, as they come."""
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(run_cell, chosen, [runs] * len(chosen), range(1, len(chosen) + 1))


def _span(seconds: float) -> str:
    return f"{seconds:8.0f}" if math.isfinite(seconds) else "   never"


def _row(result: Result) -> str:
    cell = result.cell
    return (
        f"{cell.per_minute:6d} {cell.population:12s} {cell.look:4.0f} {result.stopped / result.runs:8.2%} "
        f"{result.upper:8.2%} {result.caught:8.1%} {_span(result.start)} {_span(result.wald)} {_span(result.late)} "
        f"{result.late / result.start:6.2f} {_span(result.late_mid_epoch)} {_span(result.small)}"
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 if a promise is broken in any cell."""
    parser = argparse.ArgumentParser(prog="python -m bench.judge", description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=2000, help="healthy runs in each cell")
    parser.add_argument("--cells", default="", help="only cells whose name contains this, such as '600/min beta'")
    parser.add_argument("--sample", action="store_true", help="200 healthy runs of the cells looked at every 10 s")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    options = parser.parse_args(arguments)
    chosen = [cell for cell in cells() if options.cells in cell.name and not (options.sample and cell.look < 10)]
    runs = 200 if options.sample else options.runs
    print(__doc__)
    print(f"{runs} healthy and {max(runs // HARMFUL_SHARE, 50)} harmful runs a cell; seconds are medians.\n")
    print("/min   users        look  stopped  ≤ (99%)   caught    start     Wald  at 180'  ratio  at 185'  5% step")
    broken = []
    for result in run(chosen, runs, options.workers):
        print(_row(result), flush=True)
        broken += [f"{result.cell.name}: {sentence}" for sentence in result.broken()]
    print("\n" + ("\n".join(broken) if broken else "Every promise is kept in every cell."))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
