"""What clipping does and what is recorded of it, over the whole number range."""

from math import inf, nan, sqrt

import numpy as np
import pytest

from gradsim.nn.arrays import Array, mean_and_std, norm
from gradsim.nn.clipping import CLIPS, angle_between, unclipped
from gradsim.nn.parameters import ParameterStore


def store_of(gradients: list[float], dtype: str = "float64") -> ParameterStore:
    """Two parameters of one layer and one of the head, with these gradients; weights are 1."""
    shapes = {"layers.1.weight": (2, 2), "layers.1.bias": (2,), "output.weight": (1, 2)}
    store = ParameterStore(shapes, dtype, clipped=True)
    store.values[...] = 1.0
    store.gradients[...] = gradients
    return store


EIGHT = [3.0, 4.0, 0.0, 0.0, 0.0, 12.0, 0.0, 84.0]
"""Norms: 5 of the weight, 12 of the bias, 84 of the head, 85 of all together."""


@pytest.mark.parametrize(
    ("kind", "total"), [("2", 85.0), ("1", 103.0), ("inf", 84.0)]
)  # fmt: skip
def test_global_norm(kind: str, total: float) -> None:
    store = store_of(EIGHT)
    done = CLIPS["global-norm"](17.0, {"clip-norm": kind}).apply(store)
    coefficient = 17.0 / (total + 1e-6)
    assert done.coefficient == pytest.approx(coefficient, rel=1e-15)
    np.testing.assert_allclose(store.clipped, np.array(EIGHT) * coefficient, rtol=1e-15)
    assert (done.norm_before, done.angle, done.fired) == (85.0, 0.0, True)
    assert done.norm_after == pytest.approx(85.0 * coefficient)
    resting = CLIPS["global-norm"](104.0, {"clip-norm": kind}).apply(store)
    assert (resting.coefficient, resting.fired) == (1.0, False)
    np.testing.assert_array_equal(store.clipped, EIGHT)


def test_each_parameter_by_itself() -> None:
    store = store_of(EIGHT)
    done = CLIPS["parameter-norm"](6.0).apply(store)
    np.testing.assert_allclose(store.clipped[:4], [3.0, 4.0, 0.0, 0.0])
    np.testing.assert_allclose(store.clipped[4:6], [0.0, 6.0], rtol=1e-6)
    np.testing.assert_allclose(store.clipped[6:], [0.0, 6.0], rtol=1e-6)
    assert done.fired
    assert done.norm_after == pytest.approx(sqrt(25 + 36 + 36), rel=1e-6)
    cosine = (25 + 72 + 504) / (85 * sqrt(97))
    assert np.cos(np.radians(done.angle)) == pytest.approx(cosine, rel=1e-6)


def test_by_value_turns_the_gradient() -> None:
    store = store_of([3.0, 4.0, 0, 0, 0, 0, 0, 0])
    done = CLIPS["value"](3.0).apply(store)
    assert store.clipped[:2].tolist() == [3.0, 3.0]
    assert done.angle == pytest.approx(np.degrees(np.arctan2(4, 3)) - 45.0, rel=1e-12)
    assert done.coefficient == pytest.approx(sqrt(18) / 5)
    assert CLIPS["value"](4.0).apply(store).fired is False


def test_adaptive_goes_by_rows_and_spares_the_head() -> None:
    store = store_of([3.0, 4.0, 0.1, 0.0, 0.3, 0.4, 30.0, 40.0])
    store.values[4:6] = 0.0  # a bias of zero counts as 1e-3
    done = CLIPS["adaptive"](0.5).apply(store)
    bound = 0.5 * sqrt(2)
    np.testing.assert_allclose(store.clipped[:2], np.array([0.6, 0.8]) * bound)
    np.testing.assert_allclose(store.clipped[2:4], [0.1, 0.0])
    np.testing.assert_allclose(store.clipped[4:6], np.array([0.6, 0.8]) * 0.5e-3)
    np.testing.assert_array_equal(store.clipped[6:], [30.0, 40.0])
    assert done.fired


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("size", [0.0, 5e-324, 1e-200, 1e200, inf, nan])
def test_at_the_edges(name: str, size: float) -> None:
    store = store_of([size, 0, 0, 0, 0, 0, 0, 0])
    with np.errstate(all="ignore"):
        done = CLIPS[name](1.0).apply(store)
        assert unclipped(store).norm_before == pytest.approx(size, nan_ok=True, abs=0.0)
    assert done.norm_before == pytest.approx(size, nan_ok=True, abs=0.0)
    assert done.fired == (size > 1.0)
    assert np.isnan(done.norm_after) == np.isnan(store.clipped[0])
    if np.isnan(size):
        assert np.isnan(store.clipped[0])
        assert np.isnan(done.angle)
    elif size < inf:
        most = sqrt(2.0) if name == "adaptive" else 1.0  # a row of two weights of 1
        assert store.clipped[0] == pytest.approx(min(size, most), rel=1e-5, abs=0.0)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_small_angles_are_exact(scale: float) -> None:
    one = scale * np.array([1.0, 0.0, 0.0])
    for degrees in (1e-12, 1e-6, 1.0, 90.0, 179.0, 180.0):
        turn = np.radians(degrees)
        other = scale * np.array([np.cos(turn), np.sin(turn), 0.0])
        assert angle_between(one, other) == pytest.approx(degrees, rel=1e-9, abs=1e-14)
    assert np.isnan(angle_between(one, np.zeros(3)))


EDGES = {"float64": (1e-320, 1e-300, 1e-30, 1.0, 1e30, 1e300), "float32": (1e-44, 1e-30, 1.0, 1e30)}


@pytest.mark.parametrize("dtype", EDGES)
@pytest.mark.parametrize("order", [1.0, 2.0, inf])
def test_norms_of_every_order_over_the_range(dtype: str, order: float) -> None:
    for size in EDGES[dtype]:
        x: Array = np.full(16, size, dtype)
        exact = float(x[0]) * {1.0: 16.0, 2.0: 4.0, inf: 1.0}[order]
        assert norm(x, order) == pytest.approx(exact, rel=1e-6, abs=0.0)
    assert np.isnan(norm(np.array([1.0, nan], dtype), order))
    assert norm(np.array([1.0, -inf], dtype), order) == inf
    assert norm(np.zeros(0, dtype), order) == 0.0


@pytest.mark.parametrize("dtype", EDGES)
def test_mean_and_std_over_the_range(dtype: str) -> None:
    for size in EDGES[dtype][1:]:
        x: Array = np.array([size, 3 * size, size, 3 * size], dtype)
        mean, std = mean_and_std(x)
        assert mean == pytest.approx(2.0 * size, rel=1e-6, abs=0.0)
        assert std == pytest.approx(size, rel=1e-6, abs=0.0)
    assert mean_and_std(np.full(5, 1e3, dtype))[1] == 0.0
    assert mean_and_std(np.array([1e3, 1e3 + 0.5], dtype))[1] == 0.25
    assert np.isnan(mean_and_std(np.array([1.0, nan], dtype))).all()
    assert mean_and_std(np.array([1.0, inf], dtype))[0] == inf
