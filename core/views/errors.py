"""Pages for what went wrong; for the API's addresses the same as problem+json."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.access import public
from core.problems import problem

_WORDS = {
    400: ("That request makes no sense", "Nothing was done."),
    403: ("This is not yours to do", "Nothing was done. If you think it should be, ask who administers this product."),
    404: ("There is nothing here", "It may have gone, or it is in a product in which you have no role."),
    500: ("Something broke here", "It is not your doing, and it has been written down. Nothing was done."),
}


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    title, text = _WORDS[status]
    if request.path.startswith("/api/"):
        return problem(status, text, title=title)
    return render(request, f"{status}.html", {"title": title, "text": text}, status=status)


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
def broken(request: HttpRequest) -> HttpResponse:
    """Renders without touching the database: it may be what broke."""
    return _answer(request, 500)


@public("an error is an answer to anybody")
def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    context = {
        "title": "This form is out of date",
        "text": "Nothing was done. Go back, load the page again and repeat.",
    }
    return render(request, "403.html", context, status=403)
