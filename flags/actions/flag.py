"""A flag as it is everywhere: made, described, and the values that it may have."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from core import locks
from core.errors import Refused
from core.models import Environment, Product, User
from flags import definition, described, evaluation, rules, versions
from flags.actions import common, growth, record
from flags.choices import FlagKind, ValueType
from flags.models import Flag, FlagState

WORDS = {"name", "description", "owner", "kind", "tags", "expected_removal", "for_clients"}
"""What may change without any user getting anything else. A client key may read more of them with `for_clients`."""


@transaction.atomic
def create_flag(
    *,
    product: Product,
    key: str,
    name: str,
    actor: User | None,
    description: str = "",
    kind: FlagKind = FlagKind.RELEASE,
    owner: User | None = None,
    seed: str = "",
    salt: str = "",
    for_clients: bool = False,
    expected_removal: datetime.date | None = None,
    type: ValueType = ValueType.BOOLEAN,
    variants: Sequence[Any] | None = None,
    off: str = "",
    tags: Sequence[str] = (),
) -> Flag:
    """A new flag that nobody has, in every environment of the product. `variants` are names and values in order: the
    first is what whoever has it gets, the last (or `off`) what everybody else gets. Raises Refused naming the field,
    Forbidden.
    """
    common.may(actor, product)
    if owner is not None:
        _check_owner(owner, product)
    flag = Flag(
        product=product,
        key=key,
        name=name,
        description=description,
        kind=kind,
        owner=owner or actor,
        for_clients=for_clients,
        expected_removal=expected_removal,
        type=type,
        tags=_tags(tags),
        **{field: given for field, given in (("seed", seed), ("salt", salt)) if given},
    )
    if variants is not None or type != ValueType.BOOLEAN:
        flag.variants = _variants(variants, type)
    environments = list(product.environments.all())
    sets = versions.lock(environments)
    common.save_checked(flag)
    plain = evaluation.default_targeting(flag.variant_names, off)
    states = [
        FlagState.objects.create(flag=flag, environment=where, version=versions.bump(sets[where.pk]), targeting=plain)
        for where in environments
    ]
    data = {"key": flag.key, "type": str(flag.type), **record.about_all(states)}
    record.keep(states, record.entry(flag, actor, "flag_created", data))
    return flag


@transaction.atomic
def describe_flag(
    *, flag: Flag, actor: User | None, based_on: int | None = None, reason: str = "", **changes: Any
) -> Flag:
    """Change what says something about it (`WORDS`). Raises Refused naming the field, Forbidden, and Conflict where
    `based_on`, the edition that was read, is not the last.
    """
    unknown = set(changes) - WORDS
    assert not unknown, f"describe_flag does not change {unknown}"
    common.may(actor, flag.product)
    locks.bounded()
    if "for_clients" in changes:
        growth.lock(flag)
    environments = flag.product.environments.all() if "for_clients" in changes else Environment.objects.none()
    sets = versions.lock(environments)
    locked = common.lock_flag(flag)
    common.based(locked.edition, based_on)
    if changes.get("for_clients") and not locked.for_clients:
        _refuse_first_answer(locked, seconded=actor is None)
    owner = changes.get("owner")
    if owner is not None and owner != locked.owner:
        _check_owner(owner, locked.product)
    if "tags" in changes:
        changes["tags"] = _tags(changes["tags"])
    before = described.words_of(locked)
    for field, value in changes.items():
        setattr(locked, field, value)
    locked.edition += 1
    common.save_checked(locked)
    for flag_set in sets.values():
        versions.bump(flag_set)
    data, texts = described.for_record(before, described.words_of(locked))
    record.entry(locked, actor, described.ACTION, {"key": locked.key, **data}, reason, **texts)
    return locked


@transaction.atomic
def set_variants(
    *, flag: Flag, variants: Sequence[Any], actor: User | None, based_on: int | None = None, reason: str = ""
) -> Flag:
    """Change the flag's values, everywhere. One that is given somewhere stays; where somebody has the flag, a value
    that is given changes only as other growth may. Raises Refused naming the field, Forbidden, Conflict.
    """
    common.may(actor, flag.product)
    growth.lock(flag)
    wanted = _variants(variants, ValueType(flag.type))
    sets = versions.lock(flag.product.environments.all())
    locked = common.lock_flag(flag)
    common.based(locked.edition, based_on)
    states = [common.state_in(locked, flag_set.environment) for flag_set in sets.values()]
    _refuse_lost(states, {one["name"] for one in wanted})
    before = {state.pk: definition.complete(locked, state) for state in states}
    if definition.same(locked.variants, wanted):
        return locked
    locked.variants, locked.edition = wanted, locked.edition + 1
    segments = definition.segments_of(locked.product_id)
    now = {state.pk: definition.exposure(definition.complete(locked, state), segments) for state in states}
    then = {pk: definition.exposure(content, segments) for pk, content in before.items()}
    growing = [state for state in states if growth.grows(state, then[state.pk], now[state.pk])]
    instead = "give what is new a variant of its own, and let its rules move to it."
    growth.refuse(growing, seconded=actor is None, field="variants", instead=instead)
    common.save_checked(locked)
    record.stamp(states, sets)
    data = {"key": locked.key, "count": len(wanted), **record.about_all(states)}
    record.keep(states, record.entry(locked, actor, "flag_variants_set", data, reason))
    return locked


def _check_owner(owner: User, product: Product) -> None:
    """It is they who are told of changes, and asked to agree."""
    if not owner.has_role(product):
        raise Refused(f"{owner} has no role in {product}.", field="owner")


def _refuse_first_answer(flag: Flag, *, seconded: bool) -> None:
    """Where a client key got no answer it will get one: for its users that is growth."""
    segments, had = definition.segments_of(flag.product_id), []
    for state in flag.states.select_related("environment"):
        state.flag = flag
        if growth.is_had(state, segments):
            had.append(state)
    instead = "let client keys read it while nobody has it."
    growth.refuse(had, seconded=seconded, field="for_clients", instead=instead)


def _refuse_lost(states: list[FlagState], names: set[str]) -> None:
    for state in states:
        lost = sorted(rules.used_variants(state.targeting) - names)
        if lost:
            raise Refused(f"{lost[0]} is still given in {state.environment}.", field="variants")


def _variants(variants: Sequence[Any] | None, type: ValueType) -> list[dict[str, Any]]:
    try:
        return evaluation.parse_variants(None if variants is None else list(variants), type=str(type))
    except evaluation.Invalid as invalid:
        raise Refused(invalid.sentence, field="variants") from invalid


def _tags(tags: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if len(found) > 20 or any(len(tag) > 40 for tag in found):
        raise Refused("A flag may have 20 tags of 40 characters.", field="tags")
    return found
