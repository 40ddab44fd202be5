"""A question as lines: whole where there is room, tighter where there is not."""

import pytest

from gradsim.view.lines import plain
from gradsim.view.question import Asked, choice_at, question, wanted

OPEN = Asked("Which way does it go?", ("up", "down", "nowhere"), 1, "It falls, " * 20)
DONE = Asked(OPEN.question, OPEN.choices, 1, OPEN.explanation, 0, True)


def drawn(asked: Asked, width: int, height: int) -> list[str]:
    return plain(question(asked, width, height)).splitlines()


def test_each_choice_has_a_line_where_there_is_room() -> None:
    assert [row.strip() for row in drawn(OPEN, 40, 9)] == [
        "Which way does it go?", "up", "down", "nowhere",
    ]  # fmt: skip


def test_choices_stand_in_a_row_where_lines_are_few() -> None:
    assert [row.split() for row in drawn(OPEN, 40, 3)[1:]] == [["up", "down", "nowhere"]]


@pytest.mark.parametrize("height", range(1, 12))
@pytest.mark.parametrize("width", [1, 8, 20, 60, 190])
@pytest.mark.parametrize("asked", [OPEN, DONE])
def test_it_never_takes_more_than_it_has(asked: Asked, width: int, height: int) -> None:
    rows = drawn(asked, width, height)
    assert len(rows) <= height
    assert all(len(row) == width for row in rows)


def test_of_an_answer_the_right_one_stays_as_long_as_anything() -> None:
    for height in range(1, 9):
        assert any("✓ down" in row for row in drawn(DONE, 60, height)), height
    assert "✗ up" in "\n".join(drawn(DONE, 60, 12))
    assert "Not so: It falls" in "\n".join(drawn(DONE, 60, 12))


def test_it_asks_for_the_lines_of_its_answer_too() -> None:
    assert wanted(OPEN, 60) == len(drawn(DONE, 60, 99)) > len(drawn(OPEN, 60, 99))


@pytest.mark.parametrize("height", [2, 3, 9])
def test_the_choice_under_the_mouse(height: int) -> None:
    rows = drawn(OPEN, 40, height)
    for index, text in enumerate(OPEN.choices):
        y = next(k for k, row in enumerate(rows) if text in row.split())
        assert choice_at(OPEN, 40, height, rows[y].index(text), y) == index
    assert choice_at(OPEN, 40, height, 0, 0) is None
    assert choice_at(DONE, 40, height, 3, 1) is None
