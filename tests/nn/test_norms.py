"""l2_norm against exact arithmetic, over the whole range of both number formats."""

from collections.abc import Iterable
from fractions import Fraction
from math import inf, isinf, isnan, isqrt, nan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradsim.nn.arrays import Array, l2_norm

DIGITS = {"float32": 2e-7, "float64": 1e-15}
"""Relative error of a single operation, about; a norm may be off by a few."""

SMALLEST = 5e-324


def exact_norm(entries: Iterable[float]) -> float:
    """The norm by whole-number arithmetic, rounded once at the end."""
    total = sum((Fraction(entry) ** 2 for entry in entries), Fraction(0))
    if total == 0:
        return 0.0
    # Shift by an even number of bits, so that the root has 150 of them before the point.
    bits = total.numerator.bit_length() - total.denominator.bit_length()
    shift = 300 - bits + bits % 2
    scaled = total * Fraction(2) ** shift
    root = Fraction(isqrt(scaled.numerator // scaled.denominator)) / Fraction(2) ** (shift // 2)
    try:
        return float(root)
    except OverflowError:
        return inf


def norm(x: Array) -> float:
    with np.errstate(all="ignore"):
        return l2_norm(x)


def check(x: Array) -> None:
    """Right to a few units in the last place, and to a few subnormals at the very bottom."""
    wanted = exact_norm(x.reshape(-1).tolist())
    got = norm(x)
    assert type(got) is float
    if isinf(wanted):
        assert got == wanted
        return
    units = 8.0 + sqrt(x.size)  # each addition may lose a little
    assert abs(got - wanted) <= units * DIGITS[str(x.dtype)] * wanted + 2 * SMALLEST, (got, wanted)


def test_the_reference_itself() -> None:
    assert exact_norm([3.0, 4.0]) == 5.0
    assert exact_norm([3e-320, 4e-320]) == 5e-320
    assert exact_norm([1e200] * 4) == 2e200
    assert exact_norm([1.7e308, 1.7e308]) == inf


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("dtype", "size"),
    [
        *(("float32", s) for s in (1e-45, 1e-40, 1e-38, 1e-30, 1e-22, 1e-19, 1e-16)),
        *(("float32", s) for s in (1e-3, 1.0, 1e9, 1e18, 1e20, 1e30, 3e38)),
        *(("float64", s) for s in (5e-324, 1e-310, 1e-300, 1e-162, 1e-154, 1e-146, 1e-30)),
        *(("float64", s) for s in (1.0, 1e30, 1e150, 1e155, 1e300, 1e305)),
    ],
)
def test_every_size(dtype: str, size: float, count: int) -> None:
    factors = np.linspace(0.4, 1.0, count) * np.where(np.arange(count) % 2, -1.0, 1.0)
    check((factors * size).astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(max_examples=60)
@given(
    exponents=st.lists(st.integers(-1074, 1023), min_size=1, max_size=12),
    seed=st.integers(0, 2**32 - 1),
)
def test_entries_of_many_sizes_at_once(dtype: str, exponents: list[int], seed: int) -> None:
    low, high = (-149, 127) if dtype == "float32" else (-1074, 1023)
    factors = np.random.default_rng(seed).uniform(-2.0, 2.0, size=len(exponents))
    powers = np.clip(exponents, low, high - 1)
    check(np.ldexp(factors, powers).astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(max_examples=60)
@given(
    base=st.integers(-1000, 1000),
    spread=st.lists(st.integers(-40, 40), min_size=1, max_size=40),
)
def test_entries_around_one_size(dtype: str, base: int, spread: list[int]) -> None:
    """Where squares underflow in part, beside others that do not."""
    low, high = (-149, 126) if dtype == "float32" else (-1074, 1022)
    check(np.ldexp(1.7, np.clip(base * high // 1000 + np.array(spread), low, high)).astype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_single_part_of_a_large_norm_is_lost(dtype: str) -> None:
    """Many small entries outweigh a few large ones."""
    size = 1e-20 if dtype == "float32" else 1e-160
    x = np.full(30_000, size, dtype)
    x[:3] = 10.0 * size
    check(x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_of_nothing(dtype: str, shape: tuple[int, ...]) -> None:
    assert norm(np.zeros(shape, dtype)) == 0.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_of_zeros(dtype: str) -> None:
    assert norm(np.array([0.0, -0.0], dtype)) == 0.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("other", [0.0, 1.0, 1e-40, 1e30, inf, -inf])
@pytest.mark.parametrize("first", [True, False])
def test_nan_is_never_hidden(dtype: str, other: float, first: bool) -> None:
    entries = [nan, other] if first else [other, nan]
    assert isnan(norm(np.array(entries, dtype)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("other", [0.0, 1.0, 1e-40, 1e30, inf])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_of_an_infinity(dtype: str, other: float, sign: float) -> None:
    assert norm(np.array([other, sign * inf], dtype)) == inf


def test_beyond_the_largest_number() -> None:
    assert norm(np.full(4, 1.7e308)) == inf
    beyond = norm(np.full(4, 3e38, np.float32))
    assert not isinf(beyond), "a norm may be larger than any float32"
    assert beyond == pytest.approx(6e38, rel=1e-6)


def test_of_a_matrix_and_of_a_view() -> None:
    x = np.arange(12.0).reshape(3, 4)
    assert norm(x) == norm(x.T) == norm(x.reshape(-1))
    assert norm(x[:, ::2]) == pytest.approx(exact_norm([0, 2, 4, 6, 8, 10]), rel=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e-45, 1e-30, 1.0, 1e30, 3e38, inf, nan])
def test_says_nothing(dtype: str, size: float) -> None:
    """No warning from NumPy, wherever it is called from; a warning is an error in these tests."""
    l2_norm(np.array([size, 1.0, 0.0]).astype(dtype))
    l2_norm(np.array([1e300, 1e-300, size]))


def test_changes_nothing() -> None:
    for size in (1e-300, 1.0, 1e300):
        x = np.array([size, -size])
        norm(x)
        assert x.tolist() == [size, -size]
