"""What a router is: the adapter that moves what a rollout moves, and says what is so.

Docs: docs/how-to/add-a-router.md. Every router passes the same contract suite, tests/rollouts/routers/test_contract.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

TIMEOUT = 2.0
"""Seconds a router gets to answer one request: shorter than the lease under which it is asked."""


class RouterError(Exception):
    """The router could not be asked, or answered with an error: one sentence. It is asked again later."""


class Unsupported(RouterError):
    """The router was asked for something it cannot do: `envoy cannot …`. Asking again will not help."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One thing that can be moved, and what moving it means.

    `environment` is the id of the environment; `key` the route's or flag's name at the router. `follows`: it is on for
    whoever the candidate serves, instead of carrying the percentage itself. `build` is the candidate's digest,
    `candidate` and `stable` name the slots between which a route divides. `claim` is in whose name it is moved.
    """

    environment: int
    key: str
    follows: bool = False
    build: str = ""
    claim: str = ""
    candidate: str = ""
    stable: str = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Give the candidate `weight` parts per 100 000 at `place`. `fence` only ever grows for one place; a router that
    can compare refuses one that is older than what it has seen.
    """

    place: Place
    weight: int
    fence: int


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the router answers about one place. `weight` None: not known, or not everywhere yet; `problem` says why.

    `foreign`: the place is moved in somebody else's name now, and is none of the asker's business any more. `off`: a
    person turned it off by its kill switch; sending again would not turn it on. `free`: only people move it now;
    once it was seen where it belongs, it is left to them.
    """

    weight: int | None
    problem: str = ""
    foreign: bool = False
    off: bool = False
    free: bool = False


class Router(Protocol):
    """Moves places and reads them back. Never called while a transaction is open; safe to call twice.

    `forgets`: what it was told can be lost or undone behind our back (a restart, a late write), so that places are
    read back even after their rollout ended.
    """

    forgets: bool

    def refusals(self, places: Sequence[Place], weights: Sequence[int]) -> tuple[str, ...]:
        """Why this router could not give `places` those weights: one sentence each, named; empty when it can."""
        ...

    def send(self, changes: Sequence[Change], *, timeout: float = TIMEOUT) -> Mapping[str, str]:
        """Make it so, together where that is possible. Returns the problems by key, empty when all were accepted.

        Growth is all or none; of several changes to 0 each is done even if another cannot be. Raises RouterError when
        nothing could be asked, Unsupported for what it cannot do.
        """
        ...

    def read(self, places: Sequence[Place], *, timeout: float = TIMEOUT) -> Mapping[str, Reading]:
        """What is so now, by key; every place is answered. Raises RouterError when nothing could be asked."""
        ...

    def describe(self) -> str:
        """What moves, for people, in a few words."""
        ...
