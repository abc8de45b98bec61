"""Stacked bars: they lie inside the plot, stand on one another, and name their columns legibly."""

from hypothesis import given
from hypothesis import strategies as st

from core.bars import BOTTOM, LEAST, LEFT, RIGHT, TOP, Series, bars, compact

counts = st.lists(st.integers(0, 10**9), min_size=14, max_size=14)
NAMES = [f"{day} Nov" for day in range(10, 24)]


@given(counts, counts)
def test_parts_stand_on_one_another_inside_the_plot(low: list[int], high: list[int]) -> None:
    drawn = bars([Series("on", "one", low), Series("off", "soft", high)], NAMES, label="")
    assert len(drawn.parts) == sum(value > 0 for value in [*low, *high]), "what is little still shows"
    feet: dict[float, float] = {}
    for part in drawn.parts:
        assert part.x >= LEFT and part.x + part.width <= RIGHT and part.height >= LEAST
        assert part.y >= TOP - 2 * LEAST - 0.2 and abs(part.y + part.height - feet.get(part.x, BOTTOM)) < 0.25
        feet[part.x] = part.y


def test_the_columns_are_named_where_there_is_room() -> None:
    def words(begun: int) -> list[str]:
        drawn = bars([Series("on", "one", [0] * begun + [5] * (14 - begun))], NAMES, label="")
        return [word.text for word in drawn.words]

    assert words(0) == ["10 Nov", "23 Nov"]
    assert words(4) == ["10 Nov", "14 Nov", "23 Nov"]
    assert words(13) == ["10 Nov", "23 Nov"]
    assert [text for _, text in bars([], NAMES, label="").grid] == ["0", "1", "2"]


def test_numbers_take_a_glance() -> None:
    said = {0: "0", 1_284: "1 284", 9_999: "9 999", 12_500: "12.5 k", 180_400: "180 k", 80_000_000: "80 M"}
    assert {number: compact(number).replace("\u00a0", " ") for number in said} == said
