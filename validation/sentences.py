"""How this room's audit entries read."""

from core.sentences import Sentence

SENTENCES: dict[str, Sentence] = {
    "scenario_written": Sentence(
        "none", "test", "{actor} wrote the scenario “{scenario}”", many="{actor} wrote {count} scenarios"
    ),
    "scenario_changed": Sentence("none", "test", "{actor} rewrote the scenario “{scenario}”{note}"),
    "scenario_removed": Sentence("none", "x", "{actor} took out the scenario “{scenario}”"),
    "scenario_retired": Sentence("wait", "x", "{actor} retired the scenario “{scenario}”: {reason}"),
    "run_started": Sentence("live", "test", "{actor} began testing {build} on {environment}"),
    "run_finished": Sentence("none", "test", "{actor} finished testing {build}"),
    "result_submitted": Sentence(
        "none", "test", "{actor} {word} “{scenario}” on {build}", many="{actor} {word} {count} scenarios on {build}"
    ),
    "finding_raised": Sentence("wait", "warn", "{actor} raised a {severity} finding: {finding}"),
    "finding_accepted": Sentence("none", "hand", "{actor} accepted the {severity} finding “{finding}”: {reason}"),
    "finding_fixed": Sentence("good", "open", "{actor} says that “{finding}” is fixed"),
    "finding_reopened": Sentence("wait", "warn", "{actor} opened “{finding}” again: {reason}"),
}
