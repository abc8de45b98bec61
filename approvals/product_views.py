"""What this room lets people change on a product's page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from approvals import actions
from approvals.product_forms import PolicyForm
from core.access import who_may
from core.errors import Refused
from core.views.products import load, submit


@who_may("owners of the product: who runs releases does not set who has to agree")
@require_POST
def policy(request: HttpRequest, slug: str) -> HttpResponse:
    """Write the next version. Who was faster is named, and what was typed here stays."""
    product = load(request, slug)
    form = PolicyForm(request.POST, product=product)

    def act(data: dict[str, Any]) -> object:
        try:
            return actions.set_policy(product=product, **data)
        except Refused as refused:
            refused.field = form.field_of(refused.field)
            raise

    done = "The policy is written: it holds for releases that are submitted from now on."
    return submit(request, product, "policy", act, form=form, name="policy", done=done)
