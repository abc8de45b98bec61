"""What rooms show on a page that is not theirs: a template that stands alone, and its context.

`settings.PRODUCT_PANELS` names one function per section of a product's page, in the order they are shown. Each takes an
`Ask` and returns a `Section`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.forms import BaseForm
from django.utils.module_loading import import_string

from core.choices import RoleKind
from core.models import Product, User


@dataclass(frozen=True, kw_only=True)
class Panel:
    """`aside` puts it beside the reading column."""

    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    aside: bool = False


@dataclass(frozen=True, kw_only=True)
class Section(Panel):
    """A panel with a heading: `key` is its anchor, `beside` what stands beside the title; `act` is the heading's one
    link and opens the form called `opens`.
    """

    key: str
    title: str
    beside: str = ""
    act: str = ""
    opens: str = ""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """For whom a product's page is drawn, and which one form is open on it. `given` is that form as it was sent, if it
    did not hold.
    """

    product: Product
    user: User
    now: datetime
    roles: frozenset[str]
    opened: str = ""
    given: BaseForm | None = None

    def may(self, *kinds: RoleKind) -> bool:
        return bool(self.roles.intersection(kinds))

    @property
    def owns(self) -> bool:
        """Whether this person may do what the actions of `core` let owners do."""
        return self.may(RoleKind.OWNER) or self.user.is_superuser

    def form(self, name: str, make: Callable[[], BaseForm], *, when: bool) -> BaseForm | None:
        """The form called `name` while it is open, and only `when` this person may send it: as it was sent, else as
        `make` makes it.
        """
        if self.opened != name or not when:
            return None
        return self.given if self.given is not None else make()


def sections(ask: Ask) -> list[Section]:
    functions: list[Callable[[Ask], Section]] = [import_string(path) for path in settings.PRODUCT_PANELS]
    return [function(ask) for function in functions]
