"""All flags for one user at once, as a bulk answer wants them.

Many rules ask the same of a user, and many users are alike. So each attribute is read once, and which tests its value
passes is looked up, or tried and remembered; where a user stands for a seed is one more such attribute. What was passed
is one large number in which each flag has a lane, and what a flag gives is looked up by what is in its lane. Whatever
is not remembered is asked of the flag itself, so a rule has one meaning only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from operator import getitem
from typing import Any

from flags.evaluation.buckets import encoded, hashed
from flags.evaluation.compiler import MAX_ANSWERS, Compiled
from flags.evaluation.definition import Condition
from flags.evaluation.lanes import NOBODY, REACHED, STATE, Attribute, Lanes
from flags.evaluation.serves import Buckets, Gives

BLOCK = 64
"""Flags that share one number: beyond it, numbers of so many bits would cost more than they save."""

MOST_VALUES = 20_000
"""Remembered of all attributes together, half as many for each time that lanes are twice as wide."""

MOST_COMBINATIONS = 256
"""Remembered of one flag; what else is in its lane is asked of it anew each time."""

LONGEST = 256
"""Longer texts are not remembered."""

ASK = MAX_ANSWERS
"""No answer has this number: it says that the flag has to be asked."""

Read = tuple[str, dict[Any, int], Attribute]
"""An attribute as it is read from its object: its name there, which bits each known value sets, and how to find out."""


class Together:
    """These flags, in this order."""

    def __init__(
        self, built: Sequence[Compiled], segments: Mapping[str, Condition], *, most_values: int = MOST_VALUES
    ) -> None:
        parts = [built[at : at + BLOCK] for at in range(0, len(built), BLOCK)]
        self._blocks = [_Block(part, segments, most_values // len(parts)) for part in parts]

    def decide(self, context: Any) -> bytes:
        """The number of each flag's answer."""
        user = encoded(context.get("targetingKey", ""))
        return b"".join([block.decide(context, user) for block in self._blocks])


class _Block:
    """`most_values` are remembered of all attributes together, fewer if lanes are wide."""

    def __init__(self, built: Sequence[Compiled], segments: Mapping[str, Condition], most_values: int) -> None:
        lanes = Lanes(built, segments)
        self._rows = [_Row(flag, readable, lanes.width) for flag, readable in zip(built, lanes.readable, strict=True)]
        self._known = [row.known for row in self._rows]
        self._gives = [row.gives for row in self._rows]
        self._lanes, self._wide = lanes.struct, lanes.width > 8
        self._nobody = lanes.everywhere(NOBODY)
        self._pinned = lanes.pinned()
        self._reached = list(lanes.reached())
        self._attributes = lanes.attributes()
        self._objects = _by_object(self._attributes)
        self._values = 0
        self.most_values = max(1, most_values * 8 // lanes.width)

    def decide(self, context: Any, user: bytes) -> bytearray:
        passed = self._passed(context) | (self._place(context, user) if user else self._nobody)
        written = passed.to_bytes(self._lanes.size, "little")
        lanes: Sequence[int] = self._lanes.unpack(written) if self._wide else written
        numbers, every = bytearray(map(getitem, self._known, lanes)), self._gives
        at = numbers.find(ASK)
        while at >= 0:
            gives = every[at].get(lanes[at])
            if type(gives) is Buckets and user:  # asked here: a call less for each
                prefix, limits, parts = gives.parts
                gives = parts[bisect_right(limits, hashed(prefix + user))]
            numbers[at] = gives if type(gives) is int else self._rows[at].ask(context, lanes[at])
            at = numbers.find(ASK, at + 1)
        return numbers

    def _place(self, context: Any, user: bytes) -> int:
        """Which exposures reach this user, and which flags have them pinned. Flags of one release share their hash."""
        passed = self._pinned.get(context["targetingKey"], 0)
        for prefix, limits, below in self._reached:
            passed |= below[bisect_right(limits, hashed(prefix + user))]
        return passed

    def _passed(self, context: Any) -> int:
        """Which tests this context passes."""
        passed = 0
        for path, attributes in self._objects:
            inside = context
            for part in path:
                inside = inside.get(part)
                if type(inside) is not dict:
                    break
            else:
                for name, known, attribute in attributes:
                    value = inside.get(name)
                    kind = type(value)
                    if kind is bool:
                        value = (value,)  # true is not 1
                    elif kind is not str and kind is not int and kind is not float:
                        continue  # fits nothing
                    bits = known.get(value)
                    passed |= self._tried(context, value, attribute) if bits is None else bits
        return passed

    def _tried(self, context: Any, value: Any, attribute: Attribute) -> int:
        found = 0
        for bits, fits in attribute.tests:
            if fits(context):
                found |= bits
        if type(value) is str:
            found |= attribute.patterns(value)
            if len(value) > LONGEST:
                return found
        if self._values >= self.most_values:
            self._forget()
        self._values += 1
        attribute.known[value] = found
        return found

    def _forget(self) -> None:
        """The values of the attribute that has the most: one that differs by user would crowd out all others."""
        most = max(self._attributes, key=lambda one: len(one.known))
        self._values -= len(most.known)
        most.known.clear()


def _by_object(attributes: Sequence[Attribute]) -> list[tuple[tuple[str, ...], list[Read]]]:
    """Each object once, by where it is."""
    found: dict[tuple[str, ...], list[Read]] = {}
    for one in attributes:
        found.setdefault(one.path, []).append((one.name, one.known, one))
    return list(found.items())


class _Row:
    """One flag. `known`: the number of its answer by what is in its lane; `gives`: what it gives by that, where users
    differ in more than the lane says.
    """

    __slots__ = ("_flag", "_room", "gives", "known")

    def __init__(self, flag: Compiled, readable: bool, width: int) -> None:
        self._flag = flag
        self._room = MOST_COMBINATIONS if readable else 0
        self.known: bytearray | _Known = bytearray([ASK] * 256) if width == 8 else _Known()
        self.gives: dict[int, Gives] = {}

    def ask(self, context: Any, lane: int) -> int:
        gives = self.gives.get(lane)
        if gives is None:
            gives = self._choose(context, lane)
            self._remember(lane, gives)
        return gives if isinstance(gives, int) else gives(context)

    def _choose(self, context: Any, lane: int) -> Gives:
        flag = self._flag
        if flag.choose is None:
            return flag.decide
        gives = flag.choose(context)
        if gives is flag.exposure and self._room:  # else it has no lane, or would not be remembered
            state = lane & STATE
            return gives.missing if state == NOBODY else gives.gives[0 if state == REACHED else 1]
        return gives

    def _remember(self, lane: int, gives: Gives) -> None:
        if not self._room:
            return
        self._room -= 1
        if isinstance(gives, int):
            self.known[lane] = gives
        else:
            self.known[lane], self.gives[lane] = ASK, gives


class _Known(dict[int, int]):
    """The number of the answer by what is in the lane; ASK where that is not known."""

    def __missing__(self, lane: int) -> int:
        return ASK
