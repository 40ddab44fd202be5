"""The critical line between the cells of a map."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradsim.insight.map.axes import Axis
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
