"""Who may. Every view and endpoint states it with one of these; a test walks all addresses and refuses silence.

Loading an object through `visible_to(user)` is the first check (404 to outsiders), `require` in the action the
second (403).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest

from core.choices import RoleKind
from core.errors import Forbidden
from core.models import Product, User

View = TypeVar("View", bound=Callable[..., Any])


def public(why: str) -> Callable[[View], View]:
    """Anybody may, signed in or not, because `why`."""

    def decorate(view: View) -> View:
        return _stated(login_not_required(view), f"anybody: {why}")

    return decorate


def who_may(who: str) -> Callable[[View], View]:
    """Signed-in people only, and of those `who` (a sentence for readers and for the architecture test)."""

    def decorate(view: View) -> View:
        return _stated(view, who)

    return decorate


def _stated(view: View, who: str) -> View:
    view.who_may = who  # type: ignore[attr-defined]
    return view


def signed_in(request: HttpRequest) -> User:
    """Who asks, on a page for signed-in people only."""
    assert isinstance(request.user, User)
    return request.user


def require(user: User, product: Product, *kinds: RoleKind) -> None:
    """Raises Forbidden unless `user` holds one of `kinds` in `product`."""
    if not user.has_role(product, *kinds):
        names = " or ".join(kind.label.lower() for kind in kinds) or "member"
        article = "an" if names[0] in "aeo" else "a"
        raise Forbidden(f"Only {article} {names} of {product} may do this.")
