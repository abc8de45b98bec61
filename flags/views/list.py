"""The list of flags: alone, and beside every page of one."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from core import clock
from core.access import signed_in, who_may
from core.scope import narrow
from flags import screen
from flags.choices import FlagKind, Stage, ValueType
from flags.lives import lives
from flags.models import Flag
from flags.screen import Wanted
from flags.views.reach import MEMBERS, may_make, number

LOOKED_FOR = ("state", "q", "kind", "type", "tag", "owner", "page")


@who_may(MEMBERS)
@require_safe
def flags(request: HttpRequest) -> HttpResponse:
    """The list; for htmx its rows and tabs, as somebody types, and the address that looks for the same."""
    shown = beside(request, _at(request))
    htmx = getattr(request, "htmx", None)
    if htmx:
        response = render(request, "flags/_found.html", shown)
        response["HX-Replace-Url"] = _address(htmx.current_url_abs_path or request.path, shown["wanted"])
    else:
        response = render(request, "flags/list.html", shown)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _address(current: str, wanted: Wanted) -> str:
    """Of the page on which somebody types: all that it was asked, and what they look for by now."""
    here = urlsplit(current)
    kept = [(name, value) for name, value in parse_qsl(here.query) if name not in LOOKED_FOR]
    kept += [("state", wanted.stage)] if wanted.stage else []
    query = "&".join(filter(None, [urlencode(kept), wanted.query]))
    return f"{quote(here.path, safe='/%')}?{query}" if query else quote(here.path, safe="/%")


def beside(request: HttpRequest, at: Flag | None = None) -> dict[str, Any]:
    """The list beside every flag page, in groups by where each stands in its life; `at` is the one that is shown."""
    wanted, now = _wanted(request), clock.now()
    mine = narrow(request, Flag.objects.visible_to(signed_in(request)).in_use())
    flags = list(mine.select_related("product", "owner").prefetch_related("states__environment"))
    known = lives(flags, now)
    rows = [screen.row(one, known[one.pk], now) for one in flags]
    fitting = [one for one in rows if wanted.fits(one)]
    page = number(request.GET.get("page", "")) or 1
    groups, pages = screen.groups(fitting, wanted.stage, page)
    return {
        "groups": groups,
        "tabs": screen.tabs(fitting),
        "wanted": wanted,
        "count": len(rows),
        "due": sum(one.stage is Stage.STALE for one in rows),
        "page": min(page, pages),
        "pages": pages,
        "at": at,
        "filters": _filters(flags),
        "may_make": may_make(request),
    }


def _wanted(request: HttpRequest) -> Wanted:
    """An unknown choice is none."""
    sent = {name: request.GET.get(name, "") for name in ("kind", "type", "tag", "owner")}
    known = {"kind": FlagKind.values, "type": ValueType.values}
    sent |= {name: value if value in known[name] else "" for name, value in sent.items() if name in known}
    stage = request.GET.get("state", "")
    text = request.GET.get("q", "").strip()[:100]
    return Wanted(text=text, stage=stage if stage in screen.ORDER else "", **sent)


def _filters(flags: list[Flag]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Each with its name, its label and what it offers: only what some flag has."""
    owners = {str(one.owner_id): str(one.owner) for one in flags if one.owner}
    offered = [
        ("kind", "Kind", [(one.value, one.label) for one in FlagKind if any(flag.kind == one for flag in flags)]),
        ("type", "Type", [(one.value, one.label) for one in ValueType if any(flag.type == one for flag in flags)]),
        ("owner", "Owner", sorted(owners.items(), key=lambda item: item[1])),
        ("tag", "Tag", [(tag, tag) for tag in sorted({tag for one in flags for tag in one.tags})]),
    ]
    return [one for one in offered if len(one[2]) > 1 or (one[0] == "tag" and one[2])]


def _at(request: HttpRequest) -> Flag | None:
    """The flag beside which somebody searches: its row stays marked."""
    sent = number(request.GET.get("at", ""))
    return Flag.objects.visible_to(signed_in(request)).filter(pk=sent).first() if sent else None
