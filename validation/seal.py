"""What this room contributes to what is signed: what is tried before it ships, and which defects it ships with.

Results are progress. That a known defect was accepted is a waiver, and who signed before did not agree to it.
"""

from releases.models import Release
from releases.seal import Part
from validation.choices import FindingVerb
from validation.gates import defects


def tests(release: Release) -> Part:
    """The scenarios by name, and the findings that stand as accepted. How a scenario is carried out is wording."""
    scenarios = release.scenarios.current().select_related("feature").order_by("title")
    accepted = [one for one in defects(release) if one.verb == FindingVerb.ACCEPTED]
    content = {
        "scenarios": [
            {
                "name": row.title,
                "of": str(row.feature or ""),
                "story": row.story,
                "steps": [_step(step) for step in row.steps],
            }
            for row in scenarios
        ],
        "accepted": sorted(
            ({"name": one.title, "severity": one.severity.value} for one in accepted), key=lambda row: row["name"]
        ),
    }
    return Part(name="tests", title="Tests", content=content, cosmetic=frozenset({"of", "story", "steps"}))


def _step(step: object) -> str:
    """One step in one line, however it was written."""
    if isinstance(step, dict):
        return " → ".join(str(value) for value in step.values() if value)
    return str(step)
