"""What this room lets people change on a product's page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from core.access import who_may
from core.models import Product
from core.views.products import load, show_key, submit
from flags import keys
from flags.models import FlagKey
from flags.product_forms import KeyForm, ReplaceKeyForm
from flags.views.reach import CHANGERS


@who_may(CHANGERS)
@require_POST
def issue(request: HttpRequest, slug: str) -> HttpResponse:
    product = load(request, slug)
    return submit(
        request,
        product,
        "flag-keys",
        lambda data: keys.issue_key(**data),
        form=KeyForm(request.POST, product=product),
        name="flag-key",
        answer=lambda made: show_key(
            request, product, key=made[1], name=made[0].name, what="Flag key", section="flag-keys"
        ),
    )


@who_may(CHANGERS)
@require_POST
def replace(request: HttpRequest, slug: str, key_id: int) -> HttpResponse:
    product = load(request, slug)
    key = _load(product, key_id)
    return submit(
        request,
        product,
        "flag-keys",
        lambda data: keys.replace_key(key=key, **data),
        form=ReplaceKeyForm(request.POST),
        name=f"flag-key-{key.pk}",
        answer=lambda made: show_key(
            request, product, key=made[1], name=made[0].name, what="Flag key", section="flag-keys"
        ),
    )


@who_may(CHANGERS)
@require_POST
def revoke(request: HttpRequest, slug: str, key_id: int) -> HttpResponse:
    product = load(request, slug)
    key = _load(product, key_id)
    done = f"{key.name} reads no flag from now on."
    return submit(request, product, "flag-keys", lambda data: keys.revoke_key(key=key, **data), done=done)


def _load(product: Product, key_id: int) -> FlagKey:
    keys_there = FlagKey.objects.select_related("environment__product")
    return get_object_or_404(keys_there, pk=key_id, environment__product=product)
