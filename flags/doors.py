"""What a flag key opens, ready to be asked: built once for each version of an environment, then only read.

Counts and rates change with every request; they are lists and numbers of this process, flushed by `flags.usage`.
"""

from __future__ import annotations

import copy
import hashlib
import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import orjson

from flags import flagd
from flags.choices import KeyKind
from flags.evaluation import Compiled, ErrorCode, Problem, Result, RuleSet, Together, compile_all
from flags.evaluation.outcomes import fragment
from flags.garbage import uncollected
from flags.given import Given
from flags.snapshot import Key, Snapshot

log = logging.getLogger(__name__)


class Asked:
    """One flag as it is asked: `by_name` and `in_bulk` count how often each of its answers was given."""

    __slots__ = (
        "by_name", "compiled", "decide", "fragments", "in_bulk", "seen_by_name", "seen_in_bulk", "statuses"
    )  # fmt: skip

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.decide: Callable[[Mapping[str, Any]], int] = compiled.decide
        self.fragments = compiled.fragments
        self.statuses = tuple(400 if isinstance(outcome, Problem) else 200 for outcome in compiled.outcomes)
        answers = len(compiled.fragments)
        self.by_name, self.seen_by_name = [0] * answers, [0] * answers
        self.in_bulk, self.seen_in_bulk = [0] * answers, [0] * answers

    def public(self) -> Asked:
        """As client keys read it, counted in the same place: anybody may have such a key, so it tells neither which
        release is coming nor what a flag that cannot be evaluated is made of.
        """
        definition = self.compiled.definition
        if not definition.metadata and all(code != ErrorCode.GENERAL for code in self._codes()):
            return self
        found, bare = copy.copy(self), replace(definition, metadata={})
        found.fragments = tuple(fragment(bare, _unsaid(bare.key, outcome)) for outcome in self.compiled.outcomes)
        return found

    def _codes(self) -> Iterator[ErrorCode]:
        return (outcome.code for outcome in self.compiled.outcomes if isinstance(outcome, Problem))

    def outcome(self, number: int) -> Result | Problem:
        return self.compiled.outcomes[number]

    def fresh(self) -> Iterator[tuple[bool, int, int]]:
        """By name or not, number of the answer, how often since this was asked last. Only one thread may ask: those
        that count never write what is read here, so nothing is lost between them.
        """
        for by_name, counts, seen in (
            (True, self.by_name, self.seen_by_name),
            (False, self.in_bulk, self.seen_in_bulk),
        ):
            if counts == seen:
                continue
            for number, count in enumerate(list(counts)):
                if count != seen[number]:
                    yield by_name, number, count - seen[number]
                    seen[number] = count


def _unsaid(key: str, outcome: Result | Problem) -> Result | Problem:
    if isinstance(outcome, Problem) and outcome.code == ErrorCode.GENERAL:
        return Problem(outcome.code, f"{key} cannot be evaluated.")
    return outcome


class View:
    """All flags of an environment that keys of one kind may read, by their keys in UTF-8.

    Most flags of a product that has lived a while give everybody the same. A bulk answer begins with these (`settled`),
    written once, so that they cost nothing; the others are asked: `decide` says which of its `fragments` each gives.
    """

    def __init__(self, snapshot: Snapshot, asked: Mapping[str, Asked]) -> None:
        self.environment_id = snapshot.environment_id
        self.version = snapshot.version
        self.version_text = b"%d" % snapshot.version
        self.flags = {key.encode(): one for key, one in asked.items()}
        self.settled = [one for one in asked.values() if len(one.fragments) == 1]
        self.beginning = b'{"flags":[' + b",".join(one.fragments[0] for one in self.settled)
        open = [one for one in asked.values() if len(one.fragments) > 1]
        self.beginning += b"," if self.settled and open else b""
        self.decide = Together([one.compiled for one in open], snapshot.segments).decide
        self.fragments = [one.fragments for one in open]
        self.given = Given([one.in_bulk for one in open], [one.in_bulk for one in self.settled])


class House:
    """One snapshot, compiled. What means the same in the `previous` one is taken over from there."""

    def __init__(self, snapshot: Snapshot, previous: House | None = None) -> None:
        self.snapshot = snapshot
        before = previous.rules if previous else None
        self.rules: RuleSet = compile_all(snapshot.flags, snapshot.segments, previous=before)
        self.asked = {key: Asked(one) for key, one in self.rules.items()}
        public = {key: one.public() for key, one in self.asked.items() if snapshot.flags[key].for_clients}
        self.views = {KeyKind.SERVER.value: View(snapshot, self.asked), KeyKind.CLIENT.value: View(snapshot, public)}

    @cached_property
    def rule_set(self) -> tuple[bytes, bytes]:
        """flagd's JSON of all its flags, and the ETag of that. Written once it is asked for: that takes a while."""
        about: dict[str, str | int | float | bool] = {"flagSetId": self.snapshot.environment}
        with uncollected():
            document, left_out = flagd.write(self.snapshot.flags, self.snapshot.segments, metadata=about)
        if left_out:
            log.warning("Not in the rule set of %s: %s", self.snapshot.environment, left_out)
            document["metadata"]["leftOut"] = ", ".join(sorted(left_out))
        body = orjson.dumps(document)
        return body, b'"%b"' % hashlib.blake2b(body, digest_size=15).hexdigest().encode()


@dataclass
class Meter:
    """What one key does in this process, whatever version is held."""

    tokens: float = math.inf
    filled_at: float = 0.0
    used_at: float = 0.0
    streams: int = 0

    def wait(self, rate: float, now: float) -> float:
        """0 if one more request fits now (and is taken), else after how many seconds one will. A second's worth may
        come at once. `rate`: requests a second, 0 for any number; `now`: seconds of any clock that never goes back.
        """
        if rate <= 0:
            return 0.0
        self.tokens = min(max(rate, 1.0), self.tokens + (now - self.filled_at) * rate)
        self.filled_at = now
        if self.tokens < 1.0:
            return (1.0 - self.tokens) / rate
        self.tokens -= 1.0
        return 0.0


@dataclass(slots=True)
class Door:
    """What one key opens. `streams`: where a browser of an origin listens, kept for some seconds (`flags.ofrep`)."""

    key: Key
    digest: str
    view: View
    house: House
    meter: Meter
    streams: dict[str, tuple[float, bytes]] = field(default_factory=dict)

    def opens_at(self, now: float) -> bool:
        return self.key.expires_at is None or now < self.key.expires_at

    def admits(self, origin: str) -> bool:
        """Whether a browser may use it from there."""
        return origin in self.key.origins or "*" in self.key.origins


@dataclass(frozen=True)
class Doors:
    """Everything that opens at one moment; replaced as a whole, so that nobody waits for a lock."""

    by_digest: Mapping[str, Door] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> Mapping[int, Door]:
        return {door.key.id: door for door in self.by_digest.values()}

    @cached_property
    def origins(self) -> frozenset[str]:
        """From which sites any key may be used: a browser asks before it shows its key."""
        return frozenset(origin for door in self.by_digest.values() for origin in door.key.origins)
