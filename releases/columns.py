"""What other rooms know of each feature, as columns of the scope. `settings.FEATURE_FACTS` names their functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from releases.models import Release


@dataclass(frozen=True)
class Cell:
    """A state: tone, icon and word (``9 of 9``)."""

    tone: str
    icon: str
    word: str


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the scope's table: its title, and a cell per feature's id. Features without one get `otherwise`."""

    title: str
    cells: Mapping[int, Cell]
    otherwise: Cell = Cell("none", "ring", "none")

    def of(self, feature_id: int) -> Cell:
        return self.cells.get(feature_id, self.otherwise)


ColumnFunction = Callable[[Release], Column]


def columns(release: Release) -> Sequence[Column]:
    """A constant number of queries each, for any number of features."""
    functions: list[ColumnFunction] = [import_string(path) for path in settings.FEATURE_FACTS]
    return [function(release) for function in functions]
