"""The map as a picture: every size, every sign, and all of it readable without color."""

from functools import lru_cache
from math import inf, nan
from typing import Any

import pytest
from helpers import experiment
from hypothesis import given
from hypothesis import strategies as st

from gradsim.insight.map.axes import read_axis
from gradsim.insight.map.cells import Cell
from gradsim.insight.map.line import Crossing, crossings
from gradsim.insight.map.order import Place, coarse_to_fine
from gradsim.insight.map.plan import VALUES, Plan, plan
from gradsim.tui.theme import STYLES
from gradsim.view.lines import length, plain
from gradsim.view.map import draw, full, in_ascii
from gradsim.view.map_picture import Picture
from gradsim.view.map_scale import ACCURACY, LOSS, REACH, SLOPE, look, scale


def declared(x: str, y: str, value: str = "reach", **knobs: Any) -> Plan:
    base = experiment(**{"depth": 10, **knobs})
    return plan(base, read_axis(x, "--x"), read_axis(y, "--y"), value)


kept = lru_cache(declared)

GAIN_BY_DEPTH = ("initializer-gain=0.5:2.5:21", "depth=5:50:10")


def as_if(found: Plan) -> dict[Place, Cell]:
    """Cells as ReLU's would be under He: the gain to the power of the depth."""
    cells = {}
    for place in coarse_to_fine(len(found.x.values), len(found.y.values)):
        gain, depth = (found.changes(place)[name] for name in ("initializer-gain", "depth"))
        slope = 0.5 * (gain - 1.0)
        cells[place] = Cell(
            place, "healthy", slope * (depth - 1), slope, theory_factor=10.0 ** (2 * slope)
        )
    return cells


def picture(found: Plan, cells: dict[Place, Cell], **more: Any) -> Picture:
    factors = {place: cell.theory_factor for place, cell in cells.items()}
    return Picture(found, cells, crossings(factors, found.x, found.y), **more)


@given(st.integers(1, 220), st.integers(1, 70), st.data())
def test_any_size_is_filled_to_the_cell(width: int, height: int, data: st.DataObject) -> None:
    found = kept(*data.draw(st.sampled_from([
        GAIN_BY_DEPTH,
        ("initializer-gain=0.5:2.5:90", "depth=1:60:60"),
        ("activation=sigmoid,tanh,leaky-relu", "depth=3"),
        ("depth=3,4", "data=digits,wine"),
    ])))  # fmt: skip
    columns, rows = len(found.x.values), len(found.y.values)
    order = coarse_to_fine(columns, rows)
    known = order[: data.draw(st.integers(0, len(order)))]
    value = st.sampled_from([0.0, -0.2, 3.0, -99.0, nan, inf, -inf])
    cells = {place: Cell(place, "healthy", data.draw(value)) for place in known[:9]}
    live = st.none() | st.floats(0, columns - 1)
    cursor = data.draw(st.none() | st.sampled_from(order))
    shown = Picture(
        found,
        cells,
        [Crossing(0.5, 0.0, "x"), Crossing(0.0, (rows - 1) / 2, "y")],
        (data.draw(live), data.draw(st.none() | st.floats(0, rows - 1))),
        cursor,
        "9 cells",
    )
    lines = draw(shown, width, height)
    assert len(lines) == height
    assert {length(line) for line in lines} == {width}
    assert all(length(line) == width for line in full(shown, width))


def test_what_vanishes_and_what_explodes_reads_without_color() -> None:
    found = declared(*GAIN_BY_DEPTH)
    text = plain(draw(picture(found, as_if(found)), 70, 14)).splitlines()
    rows = [line[4:25] for line in text[1:11]]
    assert text[1].startswith("50  ")
    assert text[10].startswith(" 5  ")
    deepest = rows[0]
    assert (deepest[0], deepest[-1]) == ("v", "#")
    line = deepest.index("│")
    assert all(sign in "Vv=-. " for sign in deepest[:line])
    assert all(sign in "'+x*# " for sign in deepest[line + 1 :])
    assert rows[-1][line] == "│"


def test_the_line_stands_where_the_factor_is_1() -> None:
    found = declared(*GAIN_BY_DEPTH)
    lines = plain(draw(picture(found, as_if(found)), 70, 14)).splitlines()
    column = 4 + found.x.values.index(1.0)
    assert all(line[column] == "│" for line in lines[1:11])
    assert "theory's critical line" in " ".join(line[40:].strip("│ ") for line in lines)


def test_where_theory_is_silent_or_one_sided_it_says_so() -> None:
    found = declared(*GAIN_BY_DEPTH)
    for factor, words in (
        (None, "no theory is known here, so there is no line"),
        (0.5, "by theory vanishing all over the map"),
        (2.0, "by theory exploding all over the map"),
    ):
        cells = {
            place: Cell(place, "healthy", 0.0, 0.0, theory_factor=factor)
            for place in coarse_to_fine(21, 10)
        }
        told = plain(draw(picture(found, cells), 120, 24))
        assert words in " ".join(line[80:].strip() for line in told.splitlines())
        assert "│" not in told


def test_each_level_and_each_oddity_has_a_look_of_its_own() -> None:
    found = declared(*GAIN_BY_DEPTH)
    levels = scale(found)
    values = [-30, -15, -7, -4, -2, 0, 2, 4, 7, 15, 30]
    cells = [Cell((0, 0), "healthy", float(value)) for value in values]
    odd = [
        Cell((0, 0), "not-finite", nan),
        Cell((0, 0), "healthy", inf),
        Cell((0, 0), "dead", nan),
        Cell((0, 0), reason="too large"),
        None,
    ]
    looks = [look(found, levels, cell) for cell in [*cells, *odd]]
    assert len({sign for sign, _ in looks}) == len(looks)
    assert len({role for _, role in looks}) == len(looks) - 1  # infinite is the outermost level
    for role in {role for _, role in looks} - {"quiet"}:
        assert role in STYLES
        assert f"{role}-mark" in STYLES


def test_infinity_keeps_its_side() -> None:
    found = declared(*GAIN_BY_DEPTH)
    levels = scale(found)
    assert look(found, levels, Cell((0, 0), "vanishing", -inf)) == ("∞", "map-vanishing-5")
    assert look(found, levels, Cell((0, 0), "exploding", inf)) == ("∞", "map-exploding-5")
    # A number that was found over the layers that are still finite is no number of the network.
    assert look(found, levels, Cell((0, 0), "not-finite", -3.0))[0] == "?"


@pytest.mark.parametrize("levels", [SLOPE, REACH, LOSS, ACCURACY])
def test_a_scale_is_whole(levels: Any) -> None:
    assert len(levels.signs) == len(levels.roles) == len(levels.bounds) + 1
    assert list(levels.bounds) == sorted(levels.bounds)
    assert len(set(levels.signs)) == len(levels.signs)
    assert all(role in STYLES for role in levels.roles)


def test_the_loss_is_shown_in_multiples_of_its_factor() -> None:
    cell = Cell((0, 0), "healthy", loss=1.5e-9)
    small = declared(*GAIN_BY_DEPTH, "loss", loss_factor=1e-9)
    usual = declared(*GAIN_BY_DEPTH, "loss")
    assert look(small, scale(small), cell) == look(
        usual, scale(usual), Cell((0, 0), "healthy", loss=1.5)
    )
    assert look(usual, scale(usual), cell)[0] == " "


def test_words_under_the_cursor_hold_the_numbers() -> None:
    found = declared(*GAIN_BY_DEPTH)
    cells = as_if(found)
    told = plain(draw(picture(found, cells, cursor=(20, 9), live=(5.0, 1.0)), 120, 30))
    assert "initializer-gain 2.5" in told
    assert "depth 50" in told
    assert "36.8 decades, healthy" in told
    assert told.count("◆") == 2  # on the map, and in the legend
    assert "▸" in told
    assert "▴" in told
    del cells[20, 9]
    assert "not measured yet" in plain(draw(picture(found, cells, cursor=(20, 9)), 120, 30))
    cells[20, 9] = Cell((20, 9), reason="it would take 7.0 GiB")
    told = plain(draw(picture(found, cells, cursor=(20, 9)), 120, 30))
    assert "it would take 7.0 GiB" in told
    assert "/ cannot be built" in told


def test_a_value_that_is_shown_is_a_number_of_a_cell() -> None:
    for value in VALUES.values():
        assert hasattr(Cell((0, 0)), value.column)


def test_an_early_picture_is_coarse_and_says_how_far_it_is() -> None:
    found = declared(*GAIN_BY_DEPTH)
    cells = dict(list(as_if(found).items())[:12])
    told = plain(draw(picture(found, cells, status="12 of 210 cells"), 70, 14))
    assert "12 of 210 cells" in told
    field = [line[4:25] for line in told.splitlines()[1:11]]
    assert not any("·" in row for row in field)


def test_in_ascii_it_is_the_same_picture() -> None:
    found = declared(*GAIN_BY_DEPTH)
    cells = dict(list(as_if(found).items())[:150])
    cells[0, 0] = Cell((0, 0), "vanishing", -inf)
    shown = picture(found, cells, live=(3.0, 2.0), cursor=(4, 4), status="150 of 210 cells")
    lines = draw(shown, 100, 20)
    text = plain(in_ascii(lines))
    assert text.isascii()
    assert [len(row) for row in text.splitlines()] == [100] * 20
    assert {role for line in lines for _, role in line} == {
        role for line in in_ascii(lines) for _, role in line
    }
