"""What must be so in the end, whatever was killed on the way."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from core import audit
from core.models import AuditEntry, AuditStream
from rollouts import apply, judge, judging, look, routers
from rollouts.judge import State
from rollouts.metrics import Query
from rollouts.metrics.access_log import AccessLogSource
from rollouts.models import Rollout, Target


def wait(rollout: Rollout, done: Callable[[Rollout], object], within: float = 40.0) -> None:
    """Look until `done`; the workers do the work."""
    until = time.monotonic() + within
    while True:
        rollout.refresh_from_db()
        if done(rollout):
            return
        assert time.monotonic() < until, f"{rollout.state} at step {rollout.step}: {rollout.reasons}"
        time.sleep(0.05)


def steps_taken_once(rollout: Rollout) -> None:
    """Every step written once and in order, and confirmed once."""
    entries = AuditEntry.objects.filter(subject=rollout.subject).order_by("seq")
    written = [entry.data["step"] for entry in entries if entry.action == "rollout_advanced"]
    confirmed = [entry.data["step"] for entry in entries if entry.action == "rollout_confirmed"]
    assert written == list(range(1, rollout.step + 1))
    assert confirmed in (list(range(rollout.step + 1)), list(range(rollout.step)))
    for once in ("rollout_completed", "rollout_rolled_back", "rollout_restored", "rollout_watched"):
        assert sum(entry.action == once for entry in entries) <= 1


def everything_is_at(rollout: Rollout, weight: int) -> None:
    """Database and routers agree, asked now."""
    rollout = Rollout.objects.select_related("release").get(pk=rollout.pk)
    for target in Target.objects.filter(rollout=rollout):
        assert (target.desired, target.observed, target.problem) == (weight, weight, "")
        reading = routers.get(target.router).read([apply.place(rollout, target)])[target.key]
        assert reading.weight == weight, f"{target}: {reading}"


def nothing_was_folded_twice(rollout: Rollout, log: Path) -> None:
    """Folding the log once, in one go, up to each KPI's cursor, gives the very state that all the ticks built."""
    rollout = Rollout.objects.select_related("release").get(pk=rollout.pk)
    for row in rollout.kpi_states.all():
        asked, built = look.definition(rollout, row), State.load(row.evidence)
        read = log.with_name("read.log")
        read.write_bytes(log.read_bytes()[: json.loads(row.cursor)["place"]["offset"]])
        source = AccessLogSource(str(read), max_bytes=1 << 30)
        asks = judging.params(rollout, asked, built, source.basis)
        reading = source.read(Query.from_json(asked["query"]), "")
        assert len(reading.observations) > 1_000 and not reading.more
        whole = judge.fold(State(), reading.observations, asks)
        for name in ("origin", "opened", "users", "at_risk", "seen", "affected", "newest", "breach"):
            assert getattr(built, name) == getattr(whole, name), name
        folds = list(row.measurements.order_by("id").values_list("fold", flat=True))
        assert folds == sorted(set(folds)) and (not folds or folds[-1] <= row.folds)


def chain_is_whole() -> None:
    """Every stream of the record: no gap, no fork, every digest right."""
    for stream in AuditStream.objects.all():
        previous, seq = "0" * 64, 0
        for entry in stream.entries.order_by("seq"):
            assert (entry.seq, entry.previous) == (seq + 1, previous)
            assert audit.entry_digest(audit.as_record(entry)) == entry.digest
            previous, seq = entry.digest, entry.seq
        assert (stream.seq, stream.head) == (seq, previous)
