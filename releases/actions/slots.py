"""Slots, and asking each what really runs there."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import OperationalError, transaction

from core import audit, clock, http
from core.access import require
from core.choices import RoleKind
from core.errors import Conflict
from core.models import Environment, Product, User
from core.rows import insert
from releases.actions.common import announce, covering, lock_affected
from releases.choices import ReleaseStatus
from releases.models import Slot

TIMEOUT = 2.0
"""Seconds that a slot has to answer."""
LARGEST_DIGEST = 100
EDITORS = (RoleKind.ENGINEER, RoleKind.OWNER)
_log = logging.getLogger(__name__)


@transaction.atomic
def add_slot(*, environment: Environment, name: str, actor: User, version_url: str = "") -> Slot:
    """A new place in an environment. `version_url` answers JSON with a `digest`. Raises Forbidden, Refused."""
    require(actor, environment.product, *EDITORS)
    slot = Slot(environment=environment, name=name.strip(), version_url=version_url.strip())
    insert(slot, taken=f"{environment} has a slot of this name.", field="name")
    _record(slot, actor, "slot_added")
    return slot


@transaction.atomic
def change_slot(*, slot: Slot, version_url: str, actor: User) -> Slot:
    """Ask at another address from now on; what the old one said no longer counts. Raises Forbidden, Refused, and
    Conflict for no address under a live rollout, whose gate believed the slot rather than its record.
    """
    product = slot.environment.product
    require(actor, product, *EDITORS)
    topics = lock_affected(covering(product))
    slot = Slot.objects.select_for_update(of=("self",)).select_related("environment__product").get(pk=slot.pk)
    if slot.version_url == version_url.strip():
        return slot
    if not version_url.strip() and _is_live(product):
        raise Conflict(f"{product} is rolling out: a slot that says what it runs is not silenced meanwhile.")
    slot.version_url = version_url.strip()
    slot.observed_digest, slot.observed_at, slot.observed_problem = "", None, ""
    insert(slot, taken="This slot cannot be written.", field="version_url")
    _record(slot, actor, "slot_changed")
    announce(topics, "slot_changed")
    return slot


def _is_live(product: Product) -> bool:
    return covering(product).filter(status__in=[ReleaseStatus.ROLLOUT, ReleaseStatus.WATCH]).exists()


@dataclass(frozen=True)
class _Said:
    digest: str = ""
    problem: str = ""


def observe_slots() -> int:
    """Ask every slot that can be asked, all at once and with no transaction open; store what each said.

    No answer leaves the last one standing (it goes stale) and stores the problem beside it. Returns how many answered.
    """
    slots = list(Slot.objects.exclude(version_url="").select_related("environment__product"))
    if not slots:
        return 0
    with ThreadPoolExecutor(max_workers=min(8, len(slots))) as pool:
        said = list(pool.map(_ask, [slot.version_url for slot in slots]))
    for slot, answer in zip(slots, said, strict=True):
        try:
            _store(slot, answer)
        except OperationalError as error:  # somebody holds a release for longer than we wait; the next look stores it
            _log.warning("Slot %s was asked, and its answer not stored: %s", slot, error)
    return sum(not answer.problem for answer in said)


def _ask(url: str) -> _Said:
    try:
        response = http.get(url, timeout=TIMEOUT)
    except http.Unreachable as error:
        return _Said(problem=str(error)[:200] or "It cannot be reached.")
    if response.status != 200:
        return _Said(problem=f"It answered with status {response.status}.")
    try:
        digest = json.loads(response.body)["digest"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return _Said(problem="Its answer has no digest.")
    if not isinstance(digest, str) or not 0 < len(digest) <= LARGEST_DIGEST or "\x00" in digest:
        return _Said(problem="Its digest is not one.")
    return _Said(digest=digest)


@transaction.atomic
def _store(slot: Slot, said: _Said) -> None:
    changed = bool(said.digest) and said.digest != slot.observed_digest
    news = changed or said.problem != slot.observed_problem
    topics = lock_affected(covering(slot.environment.product)) if news else []
    asked = Slot.objects.filter(pk=slot.pk, version_url=slot.version_url)
    if said.problem:
        asked.update(observed_problem=said.problem)
    elif asked.update(observed_digest=said.digest, observed_at=clock.now(), observed_problem="") and changed:
        slot.observed_digest = said.digest
        _record(slot, None, "slot_observed")
    announce(topics, "slot_observed")


def _record(slot: Slot, actor: User | None, action: str) -> None:
    audit.record(
        stream=f"product:{slot.environment.product_id}",
        actor=actor,
        action=action,
        subject=f"slot:{slot.pk}",
        data={"place": f"{slot.environment.slug} {slot.name}", "digest": slot.observed_digest},
        texts={"version_url": slot.version_url},
    )
