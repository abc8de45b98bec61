"""What Storefront sells, and two ways to search it: version 1 by exact words, version 2 forgiving a typo."""

from dataclasses import dataclass
from difflib import get_close_matches
from itertools import product

_COLOURS = ("red", "blue", "green", "black", "white", "grey")
_KINDS = {
    "jacket": 89, "boots": 120, "kettle": 39, "lamp": 54, "backpack": 75, "bicycle": 640,
    "scarf": 25, "umbrella": 19, "notebook": 8, "headphones": 149, "tent": 210, "mug": 12,
}  # fmt: skip
_MAKES = ("Alder", "Birch", "Cedar")


@dataclass(frozen=True)
class Item:
    """One article; the price is in euro."""

    name: str
    price: int

    @property
    def words(self) -> frozenset[str]:
        return frozenset(self.name.lower().split())


ITEMS = tuple(
    Item(name=f"{make} {colour} {kind}", price=price + 3 * len(make) * _COLOURS.index(colour))
    for make, colour, (kind, price) in product(_MAKES, _COLOURS, _KINDS.items())
)
WORDS = tuple(sorted({word for item in ITEMS for word in item.words}))


def find(query: str, *, forgiving: bool) -> list[Item]:
    """Up to ten items that contain every word of the query, the cheapest first."""
    wanted = query.lower().split()[:8]
    if forgiving:
        wanted = [(get_close_matches(word, WORDS, n=1, cutoff=0.75) or [word])[0] for word in wanted]
    found = [item for item in ITEMS if item.words.issuperset(wanted)]
    return sorted(found, key=lambda item: (item.price, item.name))[:10]
