"""How this room's audit entries read."""

from core.sentences import Sentence

SENTENCES: dict[str, Sentence] = {
    "flag_created": Sentence("none", "flag", "{actor} created the flag {key}; nobody has it yet"),
    "flag_described": Sentence("none", "file", "{actor} changed what is said about {key}"),
    "flag_claimed": Sentence(
        "none",
        "lock",
        "{actor} put {key} into this release: it now grows only through its rollout",
        many="{actor} put {count} flags into this release: they now grow only through its rollout",
    ),
    "flag_unclaimed": Sentence(
        "none", "flag", "{actor} took {key} out of its release", many="{actor} took {count} flags out of their release"
    ),
    "flag_weight_set": Sentence("live", "target", "{actor} set {key} to {percent} in {environment}"),
    "flag_killed": Sentence("bad", "hold", "{actor} turned {key} off for everybody in {environment}"),
    "flag_enabled": Sentence("good", "play", "{actor} lifted the kill switch of {key} in {environment}"),
    "flag_moved": Sentence(
        "live",
        "route",
        "{key} is on for {to} in {environment}",
        many="{count} flags are on for {to} in {environment}",
    ),
    "flag_settled": Sentence(
        "good",
        "open",
        "{key} is everybody's in {environment}, whatever build serves them",
        many="{count} flags are everybody's in {environment}, whatever build serves them",
    ),
    "flag_key_issued": Sentence("none", "lock", "{actor} issued the flag key {prefix}… ({name}) for {environment}"),
    "flag_key_revoked": Sentence("wait", "lock", "{actor} revoked the flag key {prefix}… ({name}) of {environment}"),
}
