"""Whom a change of what is signed would ask again. `settings.SIGNERS` names one function per room with signers."""

from collections.abc import Callable, Collection, Mapping

from django.conf import settings
from django.utils.module_loading import import_string

from releases import rules
from releases.models import Release

SignerFunction = Callable[[Release], Mapping[str, Collection[str]]]
"""Name of a part of the seal → the stages whose signature on it counts now."""


class Consequences:
    """What saving would do to signatures, as sentences: told beside the button, before anything is saved."""

    def __init__(self, release: Release) -> None:
        functions: list[SignerFunction] = [import_string(path) for path in settings.SIGNERS]
        self.signed: dict[str, set[str]] = {}
        for function in functions:
            for part, stages in function(release).items():
                self.signed.setdefault(part, set()).update(stages)

    def _of(self, *parts: str, what: str = "This") -> str:
        return rules.asked_again(sorted({stage for part in parts for stage in self.signed.get(part, ())}), what)

    @property
    def feature(self) -> str:
        return self._of("features", "flags")

    @property
    def link(self) -> str:
        return self._of("features")

    @property
    def candidate(self) -> str:
        return self._of("candidates")

    @property
    def way_back(self) -> str:
        return self._of("way_back", what="Another way back, not another name or summary,")
