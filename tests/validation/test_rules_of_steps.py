"""What follows from steps, and which change asks for another try: decision tables, no database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation import rules
from validation.choices import ResultStatus
from validation.forms import lines_of, steps_of

PASS, FAIL, BLOCKED = ResultStatus.PASS, ResultStatus.FAIL, ResultStatus.BLOCKED
TYPE = {"do": "Type jaket", "expect": "Jackets"}
CHOOSE = {"do": "Choose the first", "expect": ""}


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], None),
        ([None], None),
        ([PASS, None], None),
        ([PASS, PASS], PASS),
        ([FAIL, None], FAIL),
        ([PASS, BLOCKED], BLOCKED),
        ([BLOCKED, None], BLOCKED),
        ([BLOCKED, FAIL, PASS], FAIL),
    ],
)
def test_a_result_follows_from_its_steps(steps: list[ResultStatus | None], said: ResultStatus | None) -> None:
    assert rules.conclusion(steps) == said


@pytest.mark.parametrize(
    ("status", "steps", "sentence"),
    [
        (PASS, [], ""),
        (FAIL, [], ""),
        (PASS, [PASS, PASS], ""),
        (FAIL, [PASS, FAIL, None], ""),
        (PASS, [PASS, None], "Step 2 is not tried yet, so nothing follows from the steps."),
        (PASS, [PASS, FAIL], "Step 2 says fail, and so does the scenario."),
        (BLOCKED, [FAIL, BLOCKED], "Step 1 says fail, and so does the scenario."),
        (FAIL, [PASS], "Step 1 says pass, and so does the scenario."),
    ],
)
def test_nobody_concludes_what_the_steps_do_not_say(
    status: ResultStatus, steps: list[ResultStatus | None], sentence: str
) -> None:
    assert rules.may_not_conclude(status, steps) == sentence


@given(st.lists(st.sampled_from([PASS, FAIL, BLOCKED, None]), min_size=1))
def test_a_pass_is_every_step_passed_and_nothing_else(steps: list[ResultStatus | None]) -> None:
    assert (rules.conclusion(steps) == PASS) == (set(steps) == {PASS})
    assert [one for one in ResultStatus if not rules.may_not_conclude(one, steps)] in ([], [rules.conclusion(steps)])


@pytest.mark.parametrize(
    ("steps", "title", "again"),
    [
        ([TYPE, CHOOSE], "Brand", False),
        ([{"do": " Type  jaket ", "expect": "Jackets"}, CHOOSE], "Brand", False),
        ([TYPE, CHOOSE], "Another name", False),
        ([TYPE], "Brand", True),
        ([CHOOSE, TYPE], "Brand", True),
        ([{**TYPE, "expect": "Lamps"}, CHOOSE], "Brand", True),
        ([{**TYPE, "do": "Type jakett"}, CHOOSE], "Brand", True),
        ([], "Brand", True),
    ],
)
def test_another_thing_to_do_or_expect_is_another_test(steps: list[dict[str, str]], title: str, again: bool) -> None:
    found = rules.is_another_test(title="Brand", steps=[TYPE, CHOOSE], by={"title": title, "steps": steps})
    assert found is again


def test_where_the_title_is_all_there_is_it_is_the_test() -> None:
    assert rules.is_another_test(title="Brand", steps=[], by={"title": "Price", "steps": []})
    assert not rules.is_another_test(title="Brand", steps=[], by={"title": " Brand", "steps": []})


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", []),
        ("Type jaket → Jackets", [TYPE]),
        ("1. Type jaket -> Jackets\n\n  2) Choose the first  ", [TYPE, CHOOSE]),
        ("Type a → b → c", [{"do": "Type a", "expect": "b → c"}]),
        ("→ Jackets", [{"do": "", "expect": "Jackets"}]),
    ],
)
def test_steps_are_written_as_lines(text: str, steps: list[dict[str, str]]) -> None:
    assert steps_of(text) == steps


def test_what_is_written_reads_the_same_when_it_is_changed() -> None:
    assert steps_of(lines_of([TYPE, CHOOSE])) == [TYPE, CHOOSE]
