"""What the scope's table says of a feature's scenarios."""

import pytest

from validation.choices import ScenarioState
from validation.columns import cell

PASS, FAIL, RETEST, NOT_RUN = ScenarioState.PASS, ScenarioState.FAIL, ScenarioState.RETEST, ScenarioState.NOT_RUN


@pytest.mark.parametrize(
    ("states", "tone", "word"),
    [
        ([PASS] * 9, "good", "9 of 9"),
        ([PASS, FAIL, PASS], "bad", "2 of 3"),
        ([PASS, NOT_RUN], "wait", "1 of 2"),
        ([RETEST, RETEST], "wait", "0 of 2"),
        ([NOT_RUN, NOT_RUN], "none", "0 of 2"),
        ([ScenarioState.BLOCKED, PASS], "wait", "1 of 2"),
    ],
)
def test_a_failure_counts_first_and_only_a_pass_of_all_is_good(
    states: list[ScenarioState], tone: str, word: str
) -> None:
    drawn = cell(states)
    assert (drawn.tone, drawn.word) == (tone, word)
