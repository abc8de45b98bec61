"""Changing which product one looks at, and coming back to where one was."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from core import scope
from core.access import signed_in, who_may
from core.models import Product


@who_may("everybody, for their own screens; only among products they may see")
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Look at one product, or (without a name) at all of them."""
    slug = request.POST.get("product", "")
    visible = Product.objects.visible_to(signed_in(request))
    scope.choose(request, get_object_or_404(visible, slug=slug) if slug else None)
    return go_back(request)


def go_back(request: HttpRequest) -> HttpResponse:
    """To the page named in `next`, if it is one of ours; to the first page otherwise."""
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(back if safe else "/", status=303)
