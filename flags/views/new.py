"""Making a flag by hand."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from core.access import signed_in, who_may
from core.errors import Refused
from core.views import attempt
from flags import actions
from flags.forms.new import NewFlagForm
from flags.views.reach import CHANGERS


@who_may(CHANGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def flag_new(request: HttpRequest) -> HttpResponse:
    form = NewFlagForm(request.POST or None, user=signed_in(request))
    if not form.is_valid():
        return render(request, "flags/new.html", {"form": form}, status=422 if request.method == "POST" else 200)
    try:
        made = actions.create_flag(actor=signed_in(request), **form.cleaned_data)
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
        return render(request, "flags/new.html", {"form": form}, status=refused.status)
    return attempt(request, lambda: made, back=made.get_absolute_url(), done=f"{made.key} is there; nobody has it yet.")
