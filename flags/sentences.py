"""How this room's audit entries read."""

from core.sentences import Sentence

SENTENCES: dict[str, Sentence] = {
    "flag_created": Sentence("none", "flag", "{actor} created the flag {key}; nobody has it yet"),
    "flag_described": Sentence("none", "file", "{actor} changed what is said about {key}: {what}"),
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
    "flag_targeting_set": Sentence("live", "target", "{actor} changed who gets {key} in {environment}"),
    "flag_variants_set": Sentence("live", "flag", "{actor} changed the values of {key}"),
    "flag_opened": Sentence("live", "play", "{actor} let the rules of {key} decide again in {environment}"),
    "flag_restored": Sentence("live", "flag", "{actor} made {key} in {environment} what it was at version {restored}"),
    "flag_imported": Sentence(
        "live",
        "target",
        "{actor} changed {key} in {environment} by an import",
        many="{actor} changed {count} flags in {environment} by an import",
    ),
    "flags_imported": Sentence(
        "live", "file", "{actor} imported flags into {environment}: {created} new, {changed} changed, {planned} waiting"
    ),
    "flag_archived": Sentence("wait", "file", "{actor} archived {key}"),
    "flag_unarchived": Sentence("none", "flag", "{actor} brought {key} back from the archive"),
    "flag_clean_up_asked": Sentence("wait", "hand", "{actor} asked {person} to clean up {key}"),
    "flag_clean_up_closed": Sentence("none", "check", "{actor} closed the request to {person} to clean up {key}"),
    "flag_code_seen": Sentence("none", "file", "{actor} had code looked through: {references} places mention flags"),
    "flag_change_planned": Sentence("wait", "file", "{actor} asked for a change of {key} in {environment}"),
    "flag_change_agreed": Sentence("good", "check", "{actor} agreed to a change of {key} in {environment}"),
    "flag_change_refused": Sentence("bad", "x", "{actor} refused a change of {key} in {environment}"),
    "flag_change_withdrawn": Sentence("none", "x", "{actor} withdrew a change of {key} in {environment}"),
    "flag_change_suspended": Sentence("wait", "hold", "A planned change of {key} in {environment} was suspended"),
    "flag_change_made": Sentence("live", "target", "{key} in {environment} was changed as {actor} had planned"),
    "flag_second_person_wanted": Sentence("good", "lock", "{actor} wants a second person for flags in {environment}"),
    "flag_second_person_waived": Sentence("wait", "lock", "{actor} lets one person change flags in {environment}"),
    "segment_created": Sentence("none", "flag", "{actor} made the segment {key}"),
    "segment_changed": Sentence("live", "target", "{actor} changed the segment {key}"),
    "segment_deleted": Sentence("wait", "x", "{actor} deleted the segment {key}"),
    "flag_user_forgotten": Sentence("none", "x", "A user was forgotten in {places} versions of flags and segments"),
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
    "flag_key_replaced": Sentence(
        "none", "lock", "{actor} replaced the flag key {old}… ({name}) of {environment} by {prefix}…"
    ),
    "flag_key_revoked": Sentence("wait", "lock", "{actor} revoked the flag key {prefix}… ({name}) of {environment}"),
}
