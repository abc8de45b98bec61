"""How this room's audit entries read. Together they are the story of a rollout, without anything else at hand."""

from core.sentences import Sentence

SENTENCES: dict[str, Sentence] = {
    "rollout_started": Sentence("live", "play", "{actor} started the rollout of {version} at {percent}"),
    "rollout_advanced": Sentence("live", "rollout", "On to {percent}: {because}"),
    "rollout_confirmed": Sentence("none", "target", "{percent} confirmed everywhere after {seconds} s"),
    "rollout_held": Sentence("wait", "hold", "Held at {percent}: {because}"),
    "rollout_lifted": Sentence("live", "play", "The hold at {percent} lifted itself"),
    "rollout_paused": Sentence("wait", "hold", "Paused at {percent} until a person decides: {because}"),
    "rollout_paused_by": Sentence("wait", "hold", "{actor} paused the rollout at {percent}: {reason}"),
    "rollout_resumed": Sentence("live", "play", "{actor} let the rollout go on at {percent} {reason}"),
    "rollout_go": Sentence("live", "hand", "{actor} pressed go for {percent}"),
    "rollout_flag_on": Sentence("live", "flag", "{actor} turned {key} on again; {percent} bakes anew"),
    "rollout_watched": Sentence("live", "live", "Everyone has it; the old version is kept warm"),
    "rollout_completed": Sentence("good", "open", "Complete: the rollback window ended and everything was fine in it"),
    "rollout_superseded": Sentence("good", "open", "{actor} ended the rollback window early: {reason}"),
    "rollout_rolled_back": Sentence(
        "bad", "back", "Rolled back from {percent} by itself, {told} people told. {because}"
    ),
    "rollout_rolled_back_by": Sentence(
        "bad", "back", "{actor} rolled back from {percent}, {told} people told: {reason}"
    ),
    "rollout_restored": Sentence("good", "back", "Rolled back in {seconds} s: confirmed at 0 % everywhere"),
    "plan_changed": Sentence("none", "file", "{actor} wrote the rollout plan: {steps}"),
}
