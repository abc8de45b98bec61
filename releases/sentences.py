"""How this room's audit entries read."""

from core.sentences import Sentence

SENTENCES: dict[str, Sentence] = {}
