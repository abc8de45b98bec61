"""The version of an environment's flags. Its row is the first lock of each change, so versions come in commit order."""

from collections.abc import Iterable

from core import events, locks
from core.models import Environment
from flags.models import FlagSet


def lock(environments: Iterable[Environment]) -> dict[int, FlagSet]:
    """The flag sets of `environments`, by environment id, locked until the transaction ends (waits at most 2 s)."""
    locks.bounded()
    ids = sorted({environment.pk for environment in environments})
    FlagSet.objects.bulk_create([FlagSet(environment_id=pk) for pk in ids], ignore_conflicts=True)
    sets = FlagSet.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    return {flag_set.pk: flag_set for flag_set in sets}


def bump(flag_set: FlagSet) -> int:
    """The next version of a locked set. Serving processes hear of it on commit, and never of a rollback."""
    flag_set.version += 1
    flag_set.save(update_fields=["version"])
    events.announce(f"flags:{flag_set.pk}")
    return flag_set.version


def wants_second(environment: Environment) -> bool:
    """Whether growth there that no rollout gives needs a second person."""
    return FlagSet.objects.filter(environment=environment, second_person=True).exists()
