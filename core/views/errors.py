"""Pages for what went wrong; for the API's addresses the same as problem+json. A page says what is, what was not done,
and leads on.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from core.access import public
from core.problems import problem

_WORDS = {
    400: ("That request makes no sense", "Nothing was done. Go back, load the page again and repeat."),
    403: ("This is not yours to do", "Nothing was done. If you think it should be, ask who administers this product."),
    404: ("There is nothing here", "It may have gone, or it is in a product in which you have no role."),
    405: ("This is done by a button", "Nothing was done. This address is pressed on its page, not opened by itself."),
    500: (
        "Something broke here",
        "It is not your doing, and it has been written down. Look at the page again before you repeat what you did.",
    ),
}


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    title, text = _WORDS[status]
    if request.path.startswith("/api/"):
        return problem(status, text, title=title)
    return page(request, status, title=title, text=text)


def page(request: HttpRequest, status: int, *, title: str, text: str, template: str = "plain.html") -> HttpResponse:
    """A page that asks the database nothing: it may be what broke."""
    if request.headers.get("HX-Request"):
        return note(status, title=f"{title}.", text=text)
    known = getattr(request, "_cached_user", None)  # who was loaded before it went wrong, if anybody
    context = {"status": status, "title": title, "text": text, "theme": getattr(known, "theme", "")}
    return render(request, template, context, status=status)


def note(status: int, *, title: str, text: str) -> HttpResponse:
    """The same for htmx: a note above the page that asked, whatever part of it the answer was meant for."""
    drawn = render_to_string("elements/note.html", {"tone": "bad", "lead": title, "text": text})
    return HttpResponse(drawn, status=status, headers={"HX-Retarget": "#notes", "HX-Reswap": "innerHTML show:top"})


@public("an error is an answer to anybody")
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400)


@public("an error is an answer to anybody")
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403)


@public("an error is an answer to anybody")
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404)


@public("an error is an answer to anybody")
def wrong_method(request: HttpRequest) -> HttpResponse:
    return _answer(request, 405)


@public("an error is an answer to anybody")
def broken(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500)


@public("an error is an answer to anybody")
def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    title = "This form is out of date"
    return page(request, 403, title=title, text="Nothing was done. Go back, load the page again and repeat.")
