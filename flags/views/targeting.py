"""Who gets what from a flag in one environment: one page that works without scripts. A rule more is one more press."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from core.access import who_may
from core.errors import Refused
from core.views import attempt
from flags import actions, definition, diff
from flags.forms.change import ChangeForm
from flags.forms.targeting import WRONG, Draft
from flags.meanwhile import meanwhile
from flags.models import Flag, FlagState
from flags.places import claimed_by, state_in
from flags.views.reach import CHANGERS, read_version, there, turned_away, visible
from flags.views.submit import submit

PAGE = "flags/targeting.html"


@who_may(CHANGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def flag_targeting(request: HttpRequest, product: str, key: str, environment: str) -> HttpResponse:
    """The form; a POST changes its rules, says what it would do (`check`), or saves it."""
    asked = there(request, product, key, environment)
    flag = asked["flag"]
    if away := turned_away(request, flag):
        return away
    state = state_in(flag, asked["environment"])
    if request.method != "POST":
        draft, form = Draft.of(state.targeting, flag.variant_names), ChangeForm()
        return render(request, PAGE, _page(request, asked, draft, form, state.version, says=False))
    draft, form = Draft.sent(request.POST, flag.variant_names), ChangeForm(request.POST)
    read = read_version(request.POST.get("based_on", ""))
    if draft.shaped:
        form = ChangeForm(initial={name: request.POST.get(name, "") for name in form.fields})
        return render(request, PAGE, _page(request, asked, draft, form, read, says=False))
    send = _check if request.POST.get("act") == "check" else _save
    return send(request, asked, draft, form, read)


def _save(
    request: HttpRequest, asked: dict[str, Any], draft: Draft, form: ChangeForm, read: int | None
) -> HttpResponse:
    return submit(
        request,
        asked,
        lambda: {
            "changes": _changes(asked, draft, form),
            "action": "flag_targeting_set",
            "based_on": read,
            **form.said,
        },
        done=f"Who gets {asked['flag'].key} in {asked['environment'].name.lower()} is saved.",
        template=PAGE,
        context=lambda: _page(request, asked, draft, form, read),
        refuse=lambda refused: _refuse(refused, draft, form),
    )


def _check(
    request: HttpRequest, asked: dict[str, Any], draft: Draft, form: ChangeForm, read: int | None
) -> HttpResponse:
    """What saving would do, without doing it."""

    def foresee() -> dict[str, Any]:
        try:
            changes, second = actions.foresee_change(**asked, changes=_changes(asked, draft, form))
        except Refused as refused:
            _refuse(refused, draft, form)
            raise
        state = state_in(asked["flag"], asked["environment"])
        before = definition.complete(asked["flag"], state)
        lines = diff.changes(before, definition.complete(asked["flag"], state, **changes))
        return {"checked": True, "would": lines, "second": second}

    def context() -> dict[str, Any]:
        return _page(request, asked, draft, form, read)

    return attempt(
        request,
        foresee,
        back=asked["flag"].get_absolute_url(),
        template=PAGE,
        context=context,
        answer=lambda found: render(request, PAGE, {**_page(request, asked, draft, form, read, says=False), **found}),
    )


def _changes(asked: dict[str, Any], draft: Draft, form: ChangeForm) -> dict[str, Any]:
    """What was typed. Raises Refused for what cannot be read."""
    targeting = draft.read(segments=set(definition.segments_of(asked["flag"].product_id)))
    if not form.is_valid():
        raise Refused(WRONG)
    return {"targeting": targeting}


def _would(flag: Flag, state: FlagState, draft: Draft) -> list[diff.Change]:
    """What saving would change of what it is by now, as far as what was typed can be read."""
    try:
        typed = draft.read(segments=set(definition.segments_of(flag.product_id)))
    except Refused:
        return []
    return diff.changes(definition.complete(flag, state), definition.complete(flag, state, targeting=typed))


def _refuse(refused: Refused, draft: Draft, form: ChangeForm) -> None:
    draft.refuse(refused)
    form.refuse(refused)


def _page(
    request: HttpRequest, asked: dict[str, Any], draft: Draft, form: ChangeForm, read: int | None, *, says: bool = True
) -> dict[str, Any]:
    """With `says` after a refusal: beside what became of it meanwhile, on which what is sent next is based."""
    shown = visible(request, asked["flag"].product.slug, asked["flag"].key)
    state = state_in(shown, asked["environment"])
    missed = meanwhile(state, read) if says else None
    return {
        "flag": shown,
        "environment": asked["environment"],
        "draft": draft,
        "form": form,
        "based_on": state.version if says else read,
        "meanwhile": missed,
        "yours": _would(shown, state, draft) if missed else [],
        "claimed_by": claimed_by(shown),
        "segments": sorted(definition.segments_of(shown.product_id)),
    }
