"""The playground: what one user would get, and why."""

from typing import Any

from django.http import HttpRequest

from flags import explain, snapshot
from flags.forms.play import PlayForm
from flags.models import Flag


def played(request: HttpRequest, shown: Flag) -> dict[str, Any]:
    """The playground's answer, if it was asked something."""
    form = PlayForm(request.GET if "environment" in request.GET else None)
    where = (
        shown.product.environments.filter(slug=form.cleaned_data["environment"]).first() if form.is_valid() else None
    )
    if where is None:
        return {"play": form}
    rule = snapshot.load({where.pk})[where.pk].flags.get(shown.key)
    asked = {"user": form.cleaned_data["user"], "build": form.cleaned_data["build"]}
    return {"play": form, "where": where, "why": explain.explain(rule, **asked) if rule else None}
