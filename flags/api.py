"""What CI tells about flags in code, and a product's flags out and in. A token acts as its user, within its product:
anything else is not there (404).
"""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Body, Field, Query, Router, Schema

from core.models import Environment
from core.problems import pointer, problem
from core.tokens import actor_of, product_of
from flags import actions, code, transfer
from flags.actions.code import MOST, Place, report_code
from flags.models import Flag

router = Router(tags=["flags"])

Line = Annotated[int, Field(ge=1, le=2_147_483_647)]
PLAIN = r"^[^\x00-\x1f\x7f]+$"
"""Control characters have no business in a name, nor in a page that shows it."""


class KeyOut(Schema):
    key: str
    archived: bool


class KeysOut(Schema):
    product: str
    keys: list[KeyOut]


class ReferenceIn(Schema):
    key: Annotated[str, Field(min_length=1, max_length=100, pattern=PLAIN)]
    file: Annotated[str, Field(min_length=1, max_length=400, pattern=PLAIN)]
    line: Line


class ScanIn(Schema):
    repository: Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)]
    commit: Annotated[str, Field(max_length=64, pattern=r"^[0-9A-Za-z._-]*$")] = ""
    references: Annotated[list[ReferenceIn], Field(max_length=MOST)]


class MentionOut(Schema):
    key: str
    count: int
    places: list[str] = Field(description=f"The first {code.SHOWN}, as file:line, over all repositories.")


class ScanOut(Schema):
    repository: str
    commit: str
    at: datetime
    references: int
    archived: list[MentionOut] = Field(description="Keys in code of flags that are archived.")
    unknown: list[MentionOut] = Field(description="Keys in code that were never a flag of this product.")


class DefinitionOut(Schema):
    definition: dict[str, Any] = Field(description="flagd's JSON.")
    left_out: dict[str, str] = Field(description="Flags, or “segment beta”, that flagd has no words for, and why.")


class ImportIn(Schema):
    dry_run: bool = Field(False, description="Say what it would do, and do nothing.")
    reason: Annotated[str, Field(max_length=300)] = ""


class ReportOut(Schema):
    done: bool
    created: list[str]
    changed: list[str]
    planned: list[str] = Field(description="Waits for a second person.")
    same: list[str]
    segments: list[str]


@router.get("/products/{slug}/flags/keys", response=KeysOut, summary="The keys of all flags")
def flag_keys(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Archived ones included: code that still mentions one wants to know."""
    product = product_of(request, slug)
    rows = Flag.objects.filter(product=product).values_list("key", "archived_at")
    return {"product": product.slug, "keys": [{"key": key, "archived": bool(gone)} for key, gone in rows]}


@router.put("/products/{slug}/code-references", response=ScanOut, summary="Say where code mentions flags")
def code_references(request: HttpRequest, slug: str, body: ScanIn) -> dict[str, Any]:
    """Replaces what was said of this repository before. Answers which archived flags code of the product still
    mentions, and which keys were never a flag. No references at all: this repository mentions none any more.
    """
    product = product_of(request, slug)
    places = [Place(one.key, one.file, one.line) for one in body.references]
    scan = report_code(
        product=product, repository=body.repository, commit=body.commit, places=places, actor=actor_of(request)
    )
    return {
        "repository": scan.repository,
        "commit": scan.commit,
        "at": scan.at,
        "references": scan.references.count(),
        "archived": [_mention(one) for one in code.archived([product])],
        "unknown": [_mention(one) for one in code.unknown([product])],
    }


def _mention(one: code.Mentions) -> dict[str, Any]:
    return {"key": one.key, "count": one.count, "places": [str(place) for place in one.places]}


@router.get("/products/{slug}/flags/{environment}/definition", response=DefinitionOut, summary="Export the flags there")
def flags_out(request: HttpRequest, slug: str, environment: str) -> dict[str, Any]:
    document, left_out = transfer.written(_environment(request, slug, environment))
    return {"definition": document, "left_out": left_out}


@router.put("/products/{slug}/flags/{environment}/definition", response=ReportOut, summary="Import flags there")
def flags_in(
    request: HttpRequest, slug: str, environment: str, body: Body[dict[str, Any]], asked: Query[ImportIn]
) -> actions.Report | HttpResponse:
    """flagd's JSON. All of it or nothing: one flag that is refused refuses all, and the answer names each. What the
    definition does not name is left alone.
    """
    where, actor = _environment(request, slug, environment), actor_of(request)
    report = transfer.take_in(
        request.body, environment=where, actor=actor, reason=asked.reason, only_look=asked.dry_run
    )
    if not report.refused:
        return report
    errors = [{"detail": why, "pointer": pointer("flags", key)} for key, why in report.refused.items()]
    return problem(422, "Nothing was imported: some flags are refused.", errors=errors)


def _environment(request: HttpRequest, slug: str, environment: str) -> Environment:
    here = product_of(request, slug).environments.select_related("product")
    return get_object_or_404(here, slug=environment)
