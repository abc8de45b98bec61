"""Patterns that are as much work as may be."""

from __future__ import annotations

from typing import Any

from flags.evaluation.patterns import steps


def heavy(most: int, like: str = "a[ab]{{80}}{}") -> list[str]:
    """As many different ones as `most` steps allow; of one `like`, all of the same size."""
    each = steps(like.format("000"))
    return [like.format(f"{number:03}") for number in range(most // each)]


def rule(*sources: str, **more: Any) -> dict[str, Any]:
    """On for whose agent one of the patterns is found in."""
    asked = [{"attribute": "agent", "op": "matches", "value": source} for source in sources]
    return {"name": "", "when": {"any": asked}, "serve": {"variant": "on"}, **more}
