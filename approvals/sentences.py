"""How this room's audit entries read."""

from core.sentences import Sentence

SENTENCES: dict[str, Sentence] = {
    "signoff_asked": Sentence("wait", "mail", "{actor} asked {stage} to sign"),
    "signoff_asked_again": Sentence("wait", "mail", "{actor} asked {stage} to sign again"),
    "signoff_approve": Sentence("good", "open", "{actor} signed for {stage}: {builds} may ship"),
    "signoff_condition": Sentence("good", "open", "{actor} signed for {stage}, if {reason}"),
    "signoff_refuse": Sentence("bad", "blocked", "{actor} refused for {stage}: “{reason}”"),
    "signoff_revoke": Sentence("wait", "back", "{actor} took the signature for {stage} back: “{reason}”"),
    "signoff_reminded": Sentence("wait", "mail", "{actor} reminded {stage}"),
    "signoff_question": Sentence("wait", "msg", "{actor} asked for {stage}: “{question}”"),
    "signoff_answer": Sentence("none", "msg", "{actor} answered {stage}: “{answer}”"),
    "signoff_delegated": Sentence("none", "hand", "{actor} handed the signature for {stage} to {person}"),
    "signoff_taken_back": Sentence("none", "back", "{actor} took the signature for {stage} back from {person}"),
    "signoff_fell": Sentence("wait", "warn", "What was decided for {stages} changed and no longer counts"),
    "signoff_stands": Sentence("good", "open", "The change was taken back: what was decided for {stages} counts again"),
    "checklist_item_added": Sentence(
        "none", "plus", "{actor} put “{item}” on the checklist", many="{actor} put {count} items on the checklist"
    ),
    "checklist_item_removed": Sentence("none", "x", "{actor} took “{item}” off the checklist"),
    "item_ticked": Sentence(
        "good", "check", "{actor} ticked “{item}”: {evidence}", many="{actor} ticked {count} items of the checklist"
    ),
    "item_unticked": Sentence("wait", "back", "{actor} took the tick of “{item}” back"),
    "policy_set": Sentence("none", "lock", "{actor} wrote version {version} of the sign-off policy"),
}
