"""How routers and metric sources are configured, as `DATABASES` is: an alias names a backend and its options.

A backend is the name of a built-in kind, of an entry point, or a dotted path to a class.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

Adapter = TypeVar("Adapter")


@dataclass(frozen=True, kw_only=True)
class Registry(Generic[Adapter]):
    """All adapters of one sort. `noun` is what a sentence calls one; `error` is the id of its system check."""

    noun: str
    setting: str
    group: str
    built_in: Mapping[str, str]
    error: str

    def aliases(self) -> list[str]:
        """The names of all that are configured."""
        return sorted(getattr(settings, self.setting))

    def get(self, alias: str) -> Adapter:
        """The one configured under `alias`. Raises ImproperlyConfigured for an unknown alias, kind or option."""
        try:
            configured = getattr(settings, self.setting)[alias]
        except KeyError:
            raise ImproperlyConfigured(f"No {self.noun} is called {alias!r} in {self.setting}.") from None
        name = f"{self.noun.capitalize()} {alias!r}"
        if set(configured) - {"backend", "options"} or "backend" not in configured:
            raise ImproperlyConfigured(f"{name} wants a backend and options, not {sorted(configured)}.")
        try:
            adapter: Adapter = self._backend(configured["backend"])(**configured.get("options", {}))
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f"{name} cannot be made: {error}") from error
        return adapter

    def check(self, app_configs: Any, **_: Any) -> list[CheckMessage]:
        """For `manage.py check`: one error per alias of an unknown kind or with options its kind does not know."""
        errors: list[CheckMessage] = []
        for alias in self.aliases():
            try:
                self.get(alias)
            except ImproperlyConfigured as error:
                errors.append(Error(str(error), hint=f"See {self.setting}.", id=self.error))
        return errors

    def _backend(self, kind: str) -> type[Adapter]:
        found = entry_points(group=self.group, name=kind)
        try:
            backend: type[Adapter] = next(iter(found)).load() if found else import_string(self.built_in.get(kind, kind))
        except ImportError as error:
            raise ImproperlyConfigured(f"Unknown kind of {self.noun} {kind!r}: {error}") from error
        return backend
