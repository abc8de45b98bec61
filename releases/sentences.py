"""How this room's audit entries read."""

from core.sentences import Sentence

SENTENCES: dict[str, Sentence] = {
    "release_created": Sentence("none", "plus", "{actor} opened the release"),
    "release_changed": Sentence("none", "file", "{actor} changed what is written about it"),
    "feature_added": Sentence(
        "none", "plus", "{actor} added the feature “{feature}”", many="{actor} added {count} features"
    ),
    "feature_changed": Sentence(
        "none", "file", "{actor} changed the feature “{feature}”", many="{actor} changed features {count} times"
    ),
    "feature_removed": Sentence("wait", "x", "{actor} took “{feature}” out of the release"),
    "features_linked": Sentence(
        "none", "route", "{actor} said what “{feature}” depends on", many="{actor} said what {count} features depend on"
    ),
    "features_unlinked": Sentence("none", "route", "{actor} took a dependency of “{feature}” away"),
    "candidate_set": Sentence("none", "build", "{actor} made {version} the candidate"),
    "candidate_replaced": Sentence("wait", "build", "{actor} replaced candidate {before} by {version}"),
    "release_draft": Sentence("none", "release", "{actor} opened the scope again"),
    "release_validation": Sentence("none", "test", "{actor} brought the release to validation"),
    "release_signoff": Sentence("none", "mail", "{actor} brought the release to sign-off"),
    "release_rollout": Sentence("live", "rollout", "{actor} brought the release to rollout"),
    "release_watch": Sentence("live", "live", "Everybody has it; the watch began"),
    "release_completed": Sentence("good", "open", "The release is complete"),
    "release_rolled_back": Sentence("bad", "back", "The release is rolled back"),
    "release_given_up": Sentence("none", "x", "{actor} gave the release up: {reason}"),
    "release_cancelled": Sentence("none", "x", "{actor} cancelled the release"),
    "build_registered": Sentence("none", "build", "{actor} registered build {version}"),
    "check_pass": Sentence("good", "check", "{check} passed on {version}", many="{count} checks passed on {version}"),
    "check_fail": Sentence("bad", "fail", "{check} failed on {version}"),
    "deployed": Sentence("none", "out", "{actor} deployed {version} to {place}"),
    "slot_added": Sentence("none", "plus", "{actor} added the slot {place}"),
    "slot_changed": Sentence("wait", "file", "{actor} changed where {place} is asked what it runs"),
    "slot_observed": Sentence("none", "target", "{place} says it runs {digest}"),
    "freeze_added": Sentence("wait", "hold", "{actor} froze the product: {reason}"),
    "freeze_lifted": Sentence("good", "play", "{actor} lifted a freeze: {reason}"),
}
