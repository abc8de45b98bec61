"""Who asks the API: what a room's endpoints make of the token that came with a request."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from core.models import ApiToken, Product, User


def token_of(request: HttpRequest) -> ApiToken:
    token = request.auth  # type: ignore[attr-defined]
    assert isinstance(token, ApiToken)
    return token


def actor_of(request: HttpRequest) -> User:
    """As whom the token acts."""
    return token_of(request).user


def product_of(request: HttpRequest, slug: str) -> Product:
    """The token's product, if it is the one that is asked for. Raises Http404 otherwise."""
    token = token_of(request)
    return get_object_or_404(Product.objects.visible_to(token.user), pk=token.product_id, slug=slug)
