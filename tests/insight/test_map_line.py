"""The critical line between the cells of a map."""

import pytest
from helpers import experiment
from hypothesis import given
from hypothesis import strategies as st

from gradsim.insight.map.axes import Axis
from gradsim.insight.map.cells import Cell, Task, measure
from gradsim.insight.map.line import crossings
from gradsim.insight.map.order import Place

GAINS = Axis("initializer-gain", (0.5, 0.75, 1.0, 1.25, 1.5))
DEPTHS = Axis("depth", (5, 10, 20))


def relu(gain: float) -> float:
    """The squared factor per layer of ReLU under He times a gain: the gain squared."""
    return gain * gain


def places(factors: dict[Place, float | None], x: Axis, y: Axis) -> list[tuple[float, float, str]]:
    return [(c.column, c.row, c.along) for c in crossings(factors, x, y)]


def grid(x: Axis, y: Axis) -> dict[Place, float | None]:
    return {
        (column, row): relu(gain)
        for column, gain in enumerate(x.values)
        for row in range(len(y.values))
    }


def test_a_factor_of_exactly_1_is_the_place() -> None:
    found = places(grid(GAINS, DEPTHS), GAINS, DEPTHS)
    assert found == [(2.0, float(row), "x") for row in range(3)]


@given(st.floats(0.51, 1.49))
def test_between_two_cells_it_is_where_the_factor_is_1(step: float) -> None:
    """A power of the gain is a straight line on a log axis, so the place is exact there."""
    x = Axis("initializer-gain", (0.5, 0.5 + step, 2.0 + step), log=True)
    (crossing,) = crossings(grid(x, Axis("depth", (5,))), x, Axis("depth", (5,)))
    assert x.between(crossing.column) == pytest.approx(1.0, rel=1e-6)


def test_along_y_too() -> None:
    y = Axis("initializer-gain", (0.5, 2.0))
    found = crossings({(0, 0): 0.25, (0, 1): 4.0}, Axis("depth", (5,)), y)
    assert [(c.column, c.row, c.along) for c in found] == [(0.0, 0.5, "y")]


def test_there_is_none_on_one_side_or_along_the_line_itself() -> None:
    assert places({(0, 0): 0.5, (1, 0): 0.9}, GAINS, DEPTHS) == []
    assert places({(k, 0): 1.0 for k in range(5)}, GAINS, DEPTHS) == []


def test_where_theory_is_silent_there_is_none() -> None:
    factors: dict[Place, float | None] = {(0, 0): 0.5, (1, 0): None, (2, 0): 2.0}
    assert places(factors, GAINS, DEPTHS) == []
    assert places({(0, 0): 0.5, (1, 0): float("nan"), (2, 0): 2.0}, GAINS, DEPTHS) == []
    assert places({(0, 0): 0.0, (1, 0): 2.0}, GAINS, DEPTHS) == []
    assert places({}, GAINS, DEPTHS) == []


def test_what_is_not_known_yet_is_passed_over() -> None:
    assert places({(0, 0): 0.25, (4, 0): 4.0}, GAINS, DEPTHS) == [(2.0, 0.0, "x")]


def test_names_have_nothing_between_them() -> None:
    names = Axis("activation", ("sigmoid", "relu"))
    assert places({(0, 0): 0.5, (1, 0): 2.0}, names, Axis("depth", (5,))) == []


def test_a_stretch_of_critical_cells_is_crossed_in_its_middle() -> None:
    factors: dict[Place, float | None] = dict(zip(
        [(k, 0) for k in range(5)], [0.5, 1.0, 1.0, 1.0, 2.0], strict=True))  # fmt: skip
    assert places(factors, GAINS, Axis("depth", (5,))) == [(2.0, 0.0, "x")]


def measured(x: Axis, y: Axis, **knobs: str | int) -> dict[Place, Cell]:
    changes = tuple(
        ((column, row), {x.knob: value, y.knob: other})
        for column, value in enumerate(x.values)
        for row, other in enumerate(y.values)
    )
    task = Task(experiment(**knobs).settings(), changes, 0, False)
    return {cell.place: cell for cell in measure(task)}


def factors(cells: dict[Place, Cell]) -> dict[Place, float | None]:
    return {place: cell.theory_factor for place, cell in cells.items()}


def test_the_line_of_relu_is_at_the_gain_of_he() -> None:
    x, y = Axis("initializer-gain", (0.7, 0.9, 1.1, 1.3)), Axis("depth", (5, 15))
    cells = measured(x, y, activation="relu", initializer="he-normal")
    found = crossings(factors(cells), x, y)
    assert [crossing.along for crossing in found] == ["x", "x"]
    for crossing in found:
        # The typical network of a finite width is critical a little above.
        assert x.between(crossing.column) == pytest.approx(1.0, abs=0.02)


def test_the_line_of_tanh_nears_gain_1_with_depth_as_the_measured_one_does() -> None:
    """Without biases the critical point is at variance 1 (Poole 2016); it is met from above, as in
    a network of few layers the signal has not yet come to rest."""
    gains = tuple(1.0 + 0.06 * k for k in range(12))
    x, y = Axis("initializer-gain", gains), Axis("depth", (6, 20, 80))
    cells = measured(x, y, activation="tanh", initializer="lecun-normal")
    found = [crossing for crossing in crossings(factors(cells), x, y) if crossing.along == "x"]
    where = [x.between(crossing.column) for crossing in found]
    assert len(where) == 3
    assert where == sorted(where, reverse=True)
    assert 1.0 < where[-1] < 1.2
    for row, gain in enumerate(where):
        signs = [(cells[column, row].reach_decades or 0.0) > 0 for column in range(len(gains))]
        turn = gains[signs.index(True)]
        assert gain == pytest.approx(turn, abs=0.1)


def test_where_no_theory_is_known_a_cell_has_none() -> None:
    (cell,) = measured(Axis("width", (2,)), Axis("depth", (3,)), activation="tanh").values()
    assert cell.theory_factor is None
    assert cell.theory_reach is None
    assert cell.shape
