"""Tallies: every entry is counted once, in the right place, over the whole number range."""

from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradsim.insight.tally import BINS, CHUNK, condensing, strongest, tallying, together
from gradsim.insight.weight import whole

ANY = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(st.lists(ANY, min_size=1, max_size=40))
def test_every_entry_is_counted_once(values: list[float]) -> None:
    array = np.array(values)
    found = whole(tallying(array))
    assert found.size == len(values)
    assert found.nans == sum(map(isnan, values))
    assert found.infinities == sum(value in (inf, -inf) for value in values)
    assert found.zeros == sum(value == 0.0 for value in values)
    assert found.counts.sum() == found.finite
    assert found.negative.sum() == sum(-inf < value < 0.0 for value in values)
    assert found.positive.sum() == sum(0.0 < value < inf for value in values)
    sizes = [abs(value) for value in values if value and abs(value) < inf]
    if sizes:
        assert found.decades[0] <= np.log10(min(sizes)) + 1e-9
        assert np.log10(max(sizes)) - 1e-9 <= found.decades[1]
        assert found.largest == max(sizes)


def test_by_hand() -> None:
    array = np.array([[0.0, 1.0, -1.0, 0.5], [5e-324, nan, inf, -inf]])
    found = whole(tallying(array))
    assert (found.zeros, found.subnormals, found.nans, found.infinities) == (1, 1, 1, 2)
    assert found.span == (-1.0, 1.0)
    assert together(found.counts, 4).tolist() == [1, 0, 2, 2]
    assert found.decades == (-324, 0)
    assert together(found.positive, 2).tolist() == [1, 2]
    assert together(found.negative, 2).tolist() == [0, 1]


@pytest.mark.parametrize("size", [1e-320, 1e-300, 1.0, 1.7e308])
def test_bars_are_equal_at_any_scale(size: float) -> None:
    found = whole(tallying(size * np.linspace(-1.0, 1.0, 40001)))
    for bars in (7, 27, 100, 180):
        counts = together(found.counts, bars)
        assert counts.sum() == 40001
        assert counts.max() <= 1.02 * 40001 / bars + 2
        # At 1e-320 there are only 2,024 numbers to each side of zero.
        assert size < 1e-310 or counts.min() >= 0.98 * 40001 / bars - 2


def test_limits_widen_the_span_and_one_value_stands_in_the_middle() -> None:
    found = whole(tallying(np.full(5, 0.25), (-1.0, 1.0)))
    assert together(found.counts, 8).tolist() == [0, 0, 0, 0, 0, 5, 0, 0]
    for value in (0.0, 3.0, -1e300):
        counts = together(whole(tallying(np.full(5, value))).counts, 3)
        assert counts.tolist() == [0, 5, 0]
    nothing = whole(tallying(np.array([nan, inf])))
    assert isnan(nothing.low)
    assert isnan(nothing.largest)
    assert nothing.counts.sum() == 0
    assert whole(tallying(np.zeros((0, 3)))).size == 0


def test_a_subnormal_is_one_of_its_own_format() -> None:
    assert whole(tallying(np.array([1e-40], np.float32))).subnormals == 1
    assert whole(tallying(np.array([1e-40]))).subnormals == 0


def test_a_large_array_is_counted_in_slices() -> None:
    array = np.random.default_rng(0).normal(size=(5, CHUNK))
    assert len(list(tallying(array))) == 10
    found = whole(tallying(array))
    wanted, _ = np.histogram(array, 50, (found.low, found.high))
    # Bars are put together of whole bins.
    assert np.abs(together(found.counts, 50) - wanted).max() <= 3 * array.size / BINS * 4
    assert found.mean == pytest.approx(array.mean(), rel=1e-9)
    assert found.std == pytest.approx(array.std(), rel=1e-12)


@pytest.mark.parametrize("shape", [(3, 4), (700, 5), (5, 700), (1000, 300), (2, 1)])
def test_a_condensed_matrix_is_the_strongest_of_each_block(shape: tuple[int, int]) -> None:
    matrix = np.random.default_rng(1).normal(size=shape)
    matrix[-1, -1], matrix[0, 0] = nan, -inf
    most = 128
    rows, columns = ([k * n // min(n, most) for k in range(min(n, most))] for n in shape)
    found = whole(condensing(matrix, most))
    assert found.shape == (len(rows), len(columns))
    wanted = strongest(matrix, rows, columns)
    assert np.array_equal(found, wanted, equal_nan=True)
    assert isnan(found[-1, -1])
    for i, j in ((0, -1), (-1, 0)):
        block = matrix[
            rows[i] : ([*rows[1:], shape[0]])[i], columns[j] : ([*columns[1:], shape[1]])[j]
        ]
        flat = block[np.isfinite(block)]
        if flat.size == block.size:
            assert abs(found[i, j]) == np.abs(flat).max()
