"""How this room's audit entries read."""

from core.sentences import Sentence

SENTENCES: dict[str, Sentence] = {
    "signoff_asked": Sentence("wait", "mail", "{actor} asked {stage} to sign"),
    "signoff_asked_again": Sentence("wait", "mail", "{actor} asked {stage} to sign again"),
    "signoff_approve": Sentence("good", "open", "{actor} signed for {stage}: {builds} may ship"),
    "signoff_condition": Sentence("good", "open", "{actor} signed for {stage}, if {reason}"),
    "signoff_refuse": Sentence("bad", "blocked", "{actor} refused for {stage}: “{reason}”"),
    "signoff_revoke": Sentence("wait", "back", "{actor} took the signature for {stage} back: “{reason}”"),
    "checklist_item_added": Sentence("none", "plus", "{actor} put “{item}” on the checklist"),
    "checklist_item_removed": Sentence("none", "x", "{actor} took “{item}” off the checklist"),
    "item_ticked": Sentence("good", "check", "{actor} ticked “{item}”: {evidence}"),
    "item_unticked": Sentence("wait", "back", "{actor} took the tick of “{item}” back"),
    "policy_set": Sentence("none", "lock", "{actor} wrote version {version} of the sign-off policy"),
}
