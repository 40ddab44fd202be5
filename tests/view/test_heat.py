"""Heat maps: signs and sizes of single entries, blocks, wide cells, the cursor."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradsim.view.heat import Lane, heat, largest, legend
from gradsim.view.lines import length, plain


@given(st.integers(1, 300), st.integers(1, 80), st.integers(1, 5))
def test_every_entry_stands_in_exactly_one_block(count: int, room: int, most: int) -> None:
    lane = Lane.of(count, room, most)
    assert lane.blocks == min(count, room)
    assert lane.room <= room
    ends = [*lane.starts[1:], count]
    of = [lane.block_of(entry) for entry in range(count)]
    for block, (start, end) in enumerate(zip(lane.starts, ends, strict=True)):
        assert of[start:end] == [block] * (end - start)
        assert end > start


def test_signs_tell_sign_and_size() -> None:
    row = np.array([[0.01, 0.26, 0.51, 1.0, -0.01, -0.26, -0.51, -1.0, 0.0, nan, inf, -inf]])
    assert plain(heat(row, 12, 1)) == ".:+#-~=≡0?∞∞"
    assert plain(heat(row, 12, 1, markers="ascii")) == ".:+#-~=%0?!!"
    assert plain(heat(row[:, :8], 8, 1, limit=2.0)) == "..:+--~="
    roles = [role for text, role in heat(row, 12, 1)[0] for _ in text]
    assert roles == [
        *(f"heat-{side}-{level}" for side in ("above", "below") for level in range(1, 5)),
        "quiet", *["mark"] * 3,
    ]  # fmt: skip


def test_the_smallest_number_is_no_zero() -> None:
    assert plain(heat(np.array([[5e-324, -5e-324, 1e308]]), 3, 1)) == ".-#"
    assert plain(heat(np.array([[5e-324, 0.0]]), 2, 1)) == "#0"
    assert plain(heat(np.zeros((1, 2)), 2, 1)) == "00"


def test_a_cell_shows_what_is_largest_in_its_block() -> None:
    matrix = np.full((4, 6), 0.3)
    matrix[0, 1], matrix[1, 2], matrix[3, 5], matrix[2, 0] = -1.0, nan, inf, 0.0
    assert plain(heat(matrix, 3, 2)) == "≡?:\n::∞"
    matrix[:2, :2] = 0.0
    assert plain(heat(matrix, 3, 2)).startswith("0?")


def test_few_entries_take_several_cells() -> None:
    lines = heat(np.array([[1.0, -1.0], [0.0, 1.0]]), 20, 10)
    assert plain(lines).splitlines() == [
        f"{row:<20}" for row in ("####≡≡≡≡",) * 2 + ("0000####",) * 2
    ]
    lines = heat(np.array([[1.0, -1.0], [0.0, 1.0]]), 5, 3)
    assert plain(lines).splitlines() == ["##≡≡ ", "00## "]


def test_the_cursor_is_pointed_at_without_color() -> None:
    matrix = np.ones((3, 5))
    lines = heat(matrix, 6, 4, cursor=(1, 3))
    assert plain(lines).splitlines() == ["    ▼ ", " #####", "▶#####", " #####"]
    assert [run for run in lines[2] if run[1] == "cursor"] == [("#", "cursor")]
    lines = heat(np.ones((64, 64)), 9, 5, cursor=(63, 0), markers="ascii")
    assert plain(lines).splitlines()[0] == " v" + " " * 7
    assert [row[0] for row in plain(lines).splitlines()] == [" ", " ", " ", " ", ">"]


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (1, 1), (1, 5), (5, 1), (2, 2), (200, 60)])
@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3), (1, 70)])
def test_every_size_is_drawn_within_its_bounds(
    size: tuple[int, int], shape: tuple[int, int]
) -> None:
    matrix = np.random.default_rng(0).normal(size=shape)
    for cursor in (None, (shape[0] - 1, shape[1] - 1)):
        lines = heat(matrix, *size, cursor=cursor)
        assert len(lines) <= size[1]
        assert all(length(line) == size[0] for line in lines)
    assert heat(np.empty((0, 3)), *size) == []


def test_the_largest_and_the_legend() -> None:
    assert largest(np.array([[1.0, -3.0], [nan, inf]])) == 3.0
    assert largest(np.array([[nan]])) == 0.0
    assert "".join(text for text, _ in legend(0.31)) == "≡=~-0.:+# to ±0.31"
    assert "".join(text for text, _ in legend(1e-9, "ascii")) == "%=~-0.:+# to +-1.0e-9"
    assert "to" not in "".join(text for text, _ in legend(0.0)), "no entry has a size"
