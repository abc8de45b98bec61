"""Products: the list, one product's page, and what this room lets people change there.

The page is made of sections by all rooms (`core.panels`). At most one form is open on it, by `?open=`; a room's view
hands what was sent to `submit`, which shows the whole page again with that form if it did not hold.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods, require_safe

from core import actions, clock
from core.access import signed_in, who_may
from core.actions.products import may_create
from core.errors import Refused
from core.forms import NewProductForm
from core.models import Product, Role, User
from core.panels import Ask, Section, sections
from core.views.attempt import attempt

PAGE = "core/product.html"


@who_may("everybody; rows are the products in which they have a role")
@require_safe
def products(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    roles = Role.objects.filter(user=user)
    rows = Product.objects.visible_to(user)
    return render(request, "core/products.html", {"rows": _rows(rows, roles), "may_create": may_create(user)})


def _rows(rows: Any, roles: Any) -> list[dict[str, Any]]:
    mine: dict[int, list[str]] = {}
    for role in roles:
        mine.setdefault(role.product_id, []).append(role.get_kind_display())
    return [{"product": row, "roles": sorted(mine.get(row.pk, []))} for row in rows]


@who_may("staff: who administers the site opens products")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = NewProductForm(request.POST or None, initial={"timezone": user.timezone})
    context = {"form": form, "may_create": may_create(user)}
    if request.method != "POST":
        return render(request, "core/product_new.html", context)
    return attempt(
        request,
        lambda: held(form, lambda: actions.create_product(actor=user, **form.cleaned_data)),
        back=lambda product: product.get_absolute_url(),
        done="It is there, and yours: add the people, then write who signs.",
        template="core/product_new.html",
        context=context,
    )


@who_may("whoever has a role in the product; each form only for who may send it")
@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, PAGE, page(request, load(request, slug), request.GET.get("open", "")))


def load(request: HttpRequest, slug: str) -> Product:
    """The product, if this person has a role in it; else 404."""
    return get_object_or_404(Product.objects.visible_to(signed_in(request)), slug=slug)


def submit(
    request: HttpRequest,
    product: Product,
    section: str,
    action: Callable[[dict[str, Any]], Any],
    *,
    form: BaseForm | None = None,
    name: str = "",
    done: str = "Saved.",
    answer: Callable[[Any], HttpResponse] | None = None,
) -> HttpResponse:
    """Check `form` (called `name`), run the action with its data and `actor`, come back to `section`. Whatever is wrong
    stands at the head of the section and, where it is a field's, under that field; nothing that was typed is lost.
    """
    actor = signed_in(request)
    said: dict[str, Refused] = {}

    def act() -> Any:
        try:
            return held(form, lambda: action({**(form.cleaned_data if form else {}), "actor": actor}))
        except Refused as refused:
            said[section] = refused
            raise

    return attempt(
        request,
        act,
        back=f"{product.get_absolute_url()}#{section}",
        done=done,
        template=PAGE,
        context=lambda: page(request, load(request, product.slug), name, form, said),
        answer=answer,
    )


def held(form: BaseForm | None, act: Callable[[], Any]) -> Any:
    """`act()`, if the form holds; what is refused is also noted at the form's field. Raises Refused."""
    if form is not None and not form.is_valid():
        raise Refused("Something in the form does not fit.")
    try:
        return act()
    except Refused as refused:
        if form is not None and refused.field in form.fields:
            form.add_error(refused.field, refused.sentence)
        raise


def page(
    request: HttpRequest,
    product: Product,
    opened: str = "",
    given: BaseForm | None = None,
    said: Mapping[str, Refused] = MappingProxyType({}),
) -> dict[str, Any]:
    """The context of the page with the form called `opened`, which is `given` if it was sent; and what was `said` to
    it, by section.
    """
    user = signed_in(request)
    ask = Ask(
        product=product,
        user=user,
        now=clock.now(),
        roles=frozenset(user.roles.filter(product=product).values_list("kind", flat=True)),
        opened=opened,
        given=given,
    )
    found = sections(ask)
    return {
        "product": product,
        "sections": found,
        "said": said,
        "main": [_drawn(request, ask, one, said) for one in found if not one.aside],
        "asides": [_drawn(request, ask, one, said) for one in found if one.aside],
    }


def _drawn(request: HttpRequest, ask: Ask, section: Section, said: Mapping[str, Refused]) -> str:
    """A section, rendered alone with its own context and nothing else of the page's."""
    told = {"section": section, "product": ask.product, "ask": ask, "now": ask.now, "refused": said.get(section.key)}
    return render_to_string(section.template, {**told, **section.context}, request)


def show_key(request: HttpRequest, product: Product, *, key: str, name: str, what: str, section: str) -> HttpResponse:
    """A key, this once: it is stored nowhere, also not in a message or a cookie."""
    context = {"product": product, "key": key, "name": name, "what": what, "section": section}
    response = render(request, "core/product_key.html", context, status=201)
    response["Cache-Control"] = "no-store"
    return response


def member(product: Product, user_id: int) -> User:
    """Somebody with a role in `product`; else 404."""
    return get_object_or_404(User.objects.filter(roles__product=product).distinct(), pk=user_id)
