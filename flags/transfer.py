"""A product's flags as a file that others read, and files of others as flags: flagd's JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from core.errors import Refused
from core.models import Environment, User
from flags import actions, snapshot
from flags.evaluation import Invalid
from flags.flagd import Portable, Read, export, read
from flags.models import Flag

LARGEST = 1_000_000
"""Bytes of a file."""


def written(environment: Environment) -> tuple[dict[str, Any], dict[str, str]]:
    """The definition of all flags in use there, and which of them (or ``segment beta``) are not in it, and why."""
    here = snapshot.load({environment.pk})[environment.pk]
    flags = []
    for flag in Flag.objects.in_use().filter(product=environment.product_id).order_by("key"):
        if flag.key in here.flags:
            flags.append(
                Portable(
                    here.flags[flag.key],
                    name=flag.name,
                    description=flag.description,
                    kind=flag.kind,
                    tags=tuple(flag.tags),
                    expected_removal=flag.expected_removal.isoformat() if flag.expected_removal else "",
                )
            )
    return export(flags, here.segments)


def as_file(document: dict[str, Any]) -> bytes:
    """Readable, and with floats as floats."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def understood(content: bytes) -> Read:
    """What a file says. Raises Refused if it is no such file at all."""
    if len(content) > LARGEST:
        raise Refused(f"A file may have {LARGEST // 1_000_000} MB.", field="text")
    if b"\\u0000" in content:
        raise Refused("It holds a null character.", field="text")
    try:
        return read(orjson.loads(content))
    except orjson.JSONDecodeError as error:
        raise Refused(f"This is no JSON: {error}.", field="text") from error
    except Invalid as invalid:
        raise Refused(invalid.sentence, field="text") from invalid


def take_in(
    content: bytes, *, environment: Environment, actor: User, reason: str = "", only_look: bool = False
) -> actions.Report:
    """Import a file. What the file alone refuses stands in the report with what the flags here refuse; then nothing is
    done. Raises Refused if it is no such file at all, Forbidden.
    """
    said = understood(content)
    report = actions.import_flags(
        environment=environment,
        flags=said.flags.values(),
        segments=said.segments,
        actor=actor,
        reason=reason,
        only_look=only_look or bool(said.refused),
    )
    return replace(report, refused={**said.refused, **report.refused})
