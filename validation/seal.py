"""What this room contributes to what is signed: what is tried before it ships, and which defects it ships with.

Results are progress. That a known defect was accepted is a waiver, and who signed before did not agree to it.
"""

from releases.models import Release
from releases.seal import Part
from validation.choices import FindingVerb
from validation.models import Finding


def tests(release: Release) -> Part:
    """The scenarios by name, and the findings that stand as accepted. How a scenario is carried out is wording."""
    scenarios = release.scenarios.current().select_related("feature").order_by("title")
    findings = Finding.objects.filter(release=release).with_standing().order_by("title", "pk")
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
        "accepted": [
            {"name": row.title, "severity": row.severity} for row in findings if row.verb == FindingVerb.ACCEPTED
        ],
    }
    return Part(name="tests", title="Tests", content=content, cosmetic=frozenset({"of", "story", "steps"}))


def _step(step: object) -> str:
    """One step in one line, however it was written."""
    if isinstance(step, dict):
        return " → ".join(str(value) for value in step.values() if value)
    return str(step)
