"""Which cells of a line are new: all that differ, and few others."""

from hypothesis import given
from hypothesis import strategies as st

from gradsim.view.lines import Line, Run, differing, fitted

lines = st.lists(st.tuples(st.text("ab ", max_size=4), st.sampled_from(["", "live"])), max_size=5)


def cells(line: Line) -> list[tuple[str, str]]:
    return [(sign, role) for text, role in line for sign in text]


@given(lines, lines)
def test_all_that_differs_is_within(one: list[Run], other: list[Run]) -> None:
    before, after = fitted(one, 12), fitted(other, 12)
    part = differing(before, after)
    if part is None:
        assert cells(before) == cells(after)
        return
    start, end = part
    assert 0 <= start < end <= 12
    assert cells(before)[:start] == cells(after)[:start]
    assert cells(before)[end:] == cells(after)[end:]


def test_one_new_cell_is_one_cell() -> None:
    before = fitted([("step 10", "value"), (" of it", "label")], 30)
    after = fitted([("step 11", "value"), (" of it", "label")], 30)
    assert differing(before, after) == (6, 7)
    assert differing(before, before) is None
