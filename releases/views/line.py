"""The sentence of a release: on its page and in the list it is the same one."""

from collections.abc import Sequence
from datetime import datetime

from core.ui import Line
from releases import rules
from releases.choices import ReleaseStatus
from releases.gates import Gate
from releases.models import Release
from releases.panels import Panel


def sentence_of(found: Release, gates: Sequence[Gate], others: Sequence[Panel], now: datetime) -> Line:
    """What moves users now says best how the release is; without it, what its gates say and what follows."""
    moving = next((panel.line for panel in others if panel.line), None)
    then = next((panel.then for panel in others if panel.then), "")
    return rules.at_a_glance(moving or rules.headline(gates, ReleaseStatus(found.status), then, now))
