"""Every op's backward against differences of its forward, over the registries."""

from collections.abc import Callable
from functools import partial
from math import exp

import numpy as np
import pytest
from helpers import (
    TOLERANCE,
    assert_close,
    bind_random,
    by_differences,
    off_the_kinks,
    same_bits,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.arrays import Array
from gradsim.nn.linear import Linear
from gradsim.nn.losses import LOSSES, accuracy
from gradsim.nn.normalization import NORMALIZATIONS, BatchNorm
from gradsim.nn.op import Op
from gradsim.nn.skips import SKIPS, SkipJoin

SIZES = st.integers(1, 6)
SEEDS = st.integers(0, 2**32 - 1)

FLOOR = 1e-11
"""What differences of numbers of size one leave of a gradient that is zero."""

few = settings(max_examples=15)


def check_backward(op: Op, inputs: list[Array], rng: np.random.Generator) -> None:
    """Gradients of inputs and parameters, for a random gradient of the output."""
    parameters = bind_random(op, rng)
    before = [x.copy() for x in inputs]
    grad = rng.normal(size=op.forward(*inputs).shape)
    grad_before = grad.copy()
    sent = [gradient.copy() for gradient in op.backward(grad)]
    learned = {name: parameter.grad.copy() for name, parameter in parameters.items()}
    assert len(sent) == len(inputs)
    for x, was in zip([*inputs, grad], [*before, grad_before], strict=True):
        assert same_bits(x, was), "an op changed an array that it was given"

    def projected() -> float:
        return float(np.sum(op.forward(*inputs) * grad))

    for index, (x, gradient) in enumerate(zip(inputs, sent, strict=True)):
        assert_close(gradient, by_differences(projected, x), TOLERANCE, f"input {index}", FLOOR)
    for name, parameter in parameters.items():
        wanted = by_differences(projected, parameter.value)
        assert_close(learned[name], wanted, TOLERANCE, name, FLOOR)


def check_infer(op: Op, *inputs: Array) -> None:
    """Evaluation gives what training gives, in a new array, and forgets nothing kept for backward.

    Not for ops that behave differently in evaluation.
    """
    output = op.forward(*inputs)
    kept = output.copy()
    inferred = op.infer(*inputs)
    assert not np.shares_memory(inferred, output)
    assert_close(inferred, kept, 1e-15)
    other = op.infer(*(np.concatenate([x, 2.0 * x]) for x in inputs))
    assert_close(other[: len(kept)], kept, 1e-14)
    assert same_bits(output, kept)


def bind_starting(op: Op, dtype: str = "float64") -> None:
    """Give an op its parameters at the values they start from."""
    for parameter, spec in zip(
        bind_random(op, np.random.default_rng(0), dtype).values(), op.parameters(), strict=True
    ):
        parameter.value[...] = spec.fill


# -- linear -------------------------------------------------------------------------------------


@few
@given(SIZES, SIZES, SIZES, SEEDS)
@example(1, 1, 1, 0)
@example(1, 5, 3, 0)
@example(4, 1, 1, 0)
def test_linear(batch: int, fan_in: int, fan_out: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    op = Linear(batch, fan_in, fan_out, "float64")
    check_backward(op, [rng.normal(size=(batch, fan_in))], rng)
    check_infer(op, rng.normal(size=(batch, fan_in)))


# -- activations --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVATIONS)
@few
@given(batch=SIZES, units=SIZES, seed=SEEDS)
@example(batch=1, units=1, seed=0)
@example(batch=1, units=6, seed=1)
@example(batch=6, units=1, seed=2)
def test_activation(name: str, batch: int, units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    op = ACTIVATIONS[name](batch, units, "float64")
    check_backward(op, [off_the_kinks(rng, (batch, units))], rng)
    check_infer(op, rng.normal(size=(batch, units)))


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize(("name", "below"), [("relu", 0.0), ("leaky-relu", 0.01), ("prelu", 0.25)])
def test_at_zero_the_slope_is_that_of_the_left(name: str, below: float, zero: float) -> None:
    """As PyTorch has it; differences over the kink would give the middle of both slopes."""
    op = ACTIVATIONS[name](2, 3, "float64")
    bind_starting(op)
    x = np.array([[zero, 1.0, -1.0], [zero, zero, 5e-324]])
    np.testing.assert_array_equal(op.forward(x), [[0.0, 1.0, -below], [0.0, 0.0, 5e-324]])
    (gradient,) = op.backward(np.full((2, 3), 8.0))
    low = 8.0 * below
    np.testing.assert_array_equal(gradient, [[low, 8.0, low], [low, low, 8.0]])


def test_leaky_slope_is_the_one_asked_for() -> None:
    op = ACTIVATIONS["leaky-relu"](1, 2, "float64", {"leaky-slope": 0.3})
    np.testing.assert_array_equal(op.forward(np.array([[-2.0, 2.0]])), [[-0.6, 2.0]])
    np.testing.assert_array_equal(op.slopes, [[0.3, 1.0]])


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activation_far_out(name: str, dtype: str) -> None:
    x = np.array([[-1e30, -1e3, -100.0, 0.0, 100.0, 1e3, 1e30]], dtype)
    op = ACTIVATIONS[name](1, 7, dtype)
    bind_starting(op, dtype)
    y = op.forward(x)
    assert y.dtype == op.slopes.dtype == op.backward(np.ones_like(x))[0].dtype == dtype
    assert np.isfinite(y).all()
    assert np.isfinite(op.slopes).all()
    if op.saturates:
        assert abs(op.slopes[0, [0, 1, 5, 6]]).max() < 1e-30
        assert y[0, 5] == y[0, 6]
        assert y[0, 0] == y[0, 1]
    else:
        assert abs(op.slopes[0, [0, 1, 5, 6]]).max() > 1e-3, "flat on both sides, so it saturates"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_hides_no_nan(name: str) -> None:
    op = ACTIVATIONS[name](1, 2, "float64")
    bind_starting(op)
    x = np.array([[np.nan, 1.0]])
    assert np.isnan(op.forward(x)).tolist() == [[True, False]]
    assert np.isnan(op.infer(x)).tolist() == [[True, False]]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_largest_slope_is_the_largest(name: str) -> None:
    x = np.linspace(-10.0, 10.0, 20_001).reshape(1, -1)
    op = ACTIVATIONS[name](1, x.size, "float64")
    bind_starting(op)
    op.forward(x)
    largest = float(np.max(np.abs(op.slopes)))
    assert largest == pytest.approx(op.largest_slope, rel=1e-6)


@pytest.mark.parametrize("x", [-700.0, -100.0, -37.0, 0.0, 20.0, 37.0, 100.0, 700.0])
def test_sigmoid_slope_keeps_its_digits_in_the_tails(x: float) -> None:
    op = ACTIVATIONS["sigmoid"](1, 1, "float64")
    op.forward(np.array([[x]]))
    small = exp(-abs(x))
    assert op.slopes[0, 0] == pytest.approx(small / (1.0 + small) ** 2, rel=1e-14, abs=0.0)


# -- normalizations -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NORMALIZATIONS)
@few
@given(more=st.integers(0, 4), units=SIZES, seed=SEEDS)
@example(more=0, units=1, seed=0)
@example(more=0, units=4, seed=1)
@example(more=4, units=1, seed=2)
def test_normalization(name: str, more: int, units: int, seed: int) -> None:
    batch = NORMALIZATIONS[name].smallest_batch + more
    rng = np.random.default_rng(seed)
    op = NORMALIZATIONS[name](batch, units, "float64")
    check_backward(op, [off_the_kinks(rng, (batch, units))], rng)


@pytest.mark.parametrize("name", NORMALIZATIONS)
@pytest.mark.parametrize("value", [0.0, 3.0, -1e3])
def test_normalization_of_equal_entries(name: str, value: float) -> None:
    batch = NORMALIZATIONS[name].smallest_batch + 2
    rng = np.random.default_rng(5)
    op = NORMALIZATIONS[name](batch, 3, "float64")
    check_backward(op, [np.full((batch, 3), value)], rng)


def test_batch_norm_by_the_formula() -> None:
    rng = np.random.default_rng(1)
    op = BatchNorm(5, 3, "float64")
    bind_random(op, rng)
    batches = [rng.normal(2.0, 3.0, size=(5, 3)) for _ in range(4)]
    mean, var = np.zeros(3), np.ones(3)
    for x in batches:
        y = op.forward(x)
        standard = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
        assert_close(y, op.scale * standard + op.shift, 1e-14)
        mean = 0.9 * mean + 0.1 * x.mean(axis=0)
        var = 0.9 * var + 0.1 * x.var(axis=0, ddof=1)
    assert_close(op.running_mean, mean, 1e-14)
    assert_close(op.running_var, var, 1e-14)
    kept = {name: array.copy() for name, array in op.buffers().items()}
    assert set(kept) == {"norm.running_mean", "norm.running_var"}
    other = rng.normal(size=(7, 3))
    wanted = op.scale * (other - mean) / np.sqrt(var + 1e-5) + op.shift
    assert_close(op.infer(other), wanted, 1e-14)
    for name, array in op.buffers().items():
        assert same_bits(array, kept[name]), "evaluation moved the running statistics"


def test_layer_norm_by_the_formula() -> None:
    rng = np.random.default_rng(1)
    op = NORMALIZATIONS["layer"](3, 5, "float64")
    bound = bind_random(op, rng)
    x = rng.normal(2.0, 3.0, size=(3, 5))
    standard = (x - x.mean(axis=1)[:, None]) / np.sqrt(x.var(axis=1) + 1e-5)[:, None]
    wanted = bound["norm.weight"].value * standard + bound["norm.bias"].value
    assert_close(op.forward(x), wanted, 1e-14)
    check_infer(op, x)


def test_batch_norm_sees_a_small_spread_around_a_large_mean() -> None:
    rng = np.random.default_rng(2)
    x = (1e3 + 0.05 * rng.normal(size=(64, 2))).astype(np.float32)
    op = BatchNorm(64, 2, "float32")
    bind_random(op, rng, "float32")
    op.scale[...], op.shift[...] = 1.0, 0.0
    exact = x.astype(np.float64)
    wanted = (exact - exact.mean(axis=0)) / np.sqrt(exact.var(axis=0) + 1e-5)
    assert_close(op.forward(x), wanted, 5e-3)


# -- skips --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SKIPS)
@few
@given(batch=SIZES, units=SIZES, seed=SEEDS)
@example(batch=1, units=1, seed=0)
def test_skip_join(name: str, batch: int, units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    op = SkipJoin(batch, units, "float64", SKIPS[name].factor)
    paths = [rng.normal(size=(batch, units)), rng.normal(size=(batch, units))]
    check_backward(op, paths, rng)
    check_infer(op, *paths)


def test_residual_adds_and_its_scaled_kind_keeps_the_variance() -> None:
    main, skip = np.array([[3.0, 0.5]]), np.array([[1.0, -2.0]])
    plain = SkipJoin(1, 2, "float64", SKIPS["residual"].factor)
    scaled = SkipJoin(1, 2, "float64", SKIPS["residual-scaled"].factor)
    np.testing.assert_array_equal(plain.forward(main, skip), [[4.0, -1.5]])
    assert_close(scaled.forward(main, skip), np.array([[4.0, -1.5]]) / np.sqrt(2.0), 1e-15)


# -- losses -------------------------------------------------------------------------------------


def targets_for(name: str, rng: np.random.Generator, batch: int, outputs: int) -> list[Array]:
    """What this loss can be asked to fit: classes, and numbers where it takes those."""
    classes = rng.integers(outputs, size=batch)
    if LOSSES[name].needs_classes:
        return [classes]
    return [classes, rng.normal(size=(batch, outputs))]


@pytest.mark.parametrize("name", LOSSES)
@few
@given(
    batch=SIZES,
    outputs=SIZES,
    seed=SEEDS,
    factor=st.sampled_from([1.0, 0.3, 1e-9, 1e9]),
    spread=st.sampled_from([0.1, 1.0, 10.0]),
)
@example(batch=1, outputs=1, seed=0, factor=1.0, spread=1.0)
@example(batch=1, outputs=6, seed=1, factor=3.0, spread=1.0)
def test_loss(name: str, batch: int, outputs: int, seed: int, factor: float, spread: float) -> None:
    rng = np.random.default_rng(seed)
    output = spread * rng.normal(size=(batch, outputs))
    for target in targets_for(name, rng, batch, outputs):
        loss = LOSSES[name](batch, outputs, "float64", factor)
        before, target_before = output.copy(), target.copy()
        loss.forward(output, target)
        gradient = loss.backward().copy()
        assert same_bits(output, before)
        assert same_bits(target, target_before)
        scalar = partial(loss.forward, output, target)
        # A loss that rounds to zero has no differences to speak of.
        assert_close(gradient, by_differences(scalar, output), TOLERANCE, floor=1e-11 * factor)


@pytest.mark.parametrize("name", LOSSES)
def test_loss_factor_multiplies_loss_and_gradient(name: str) -> None:
    rng = np.random.default_rng(3)
    output = rng.normal(size=(4, 5))
    for target in targets_for(name, rng, 4, 5):
        plain, doubled = (LOSSES[name](4, 5, "float64", factor) for factor in (1.0, 2.0))
        assert doubled.forward(output, target) == 2.0 * plain.forward(output, target)
        assert same_bits(doubled.backward(), 2.0 * plain.backward())


def test_squared_error_by_hand() -> None:
    loss = LOSSES["mean-squared-error"](2, 2, "float64", 3.0)
    output = np.array([[1.0, 2.0], [0.0, -1.0]])
    assert loss.forward(output, np.array([[0.0, 2.0], [0.0, 1.0]])) == 3.0 * 5.0 / 4.0
    np.testing.assert_array_equal(loss.backward(), [[1.5, 0.0], [0.0, -3.0]])
    assert loss.forward(output, np.array([1, 0])) == 3.0 * (1.0 + 1.0 + 1.0 + 1.0) / 4.0
    np.testing.assert_array_equal(loss.backward(), [[1.5, 1.5], [-1.5, -1.5]])


def test_cross_entropy_of_hopeless_and_perfect_outputs() -> None:
    loss = LOSSES["softmax-cross-entropy"](1, 2, "float64", 1.0)
    assert loss.forward(np.array([[-1e4, 1e4]]), np.array([0])) == 2e4
    np.testing.assert_array_equal(loss.backward(), [[-1.0, 1.0]])
    assert loss.forward(np.array([[-1e4, 1e4]]), np.array([1])) == 0.0
    np.testing.assert_array_equal(loss.backward(), [[0.0, 0.0]])


def test_accuracy_counts_no_row_with_nan() -> None:
    output = np.array([[1.0, 2.0], [2.0, 1.0], [np.nan, 1.0], [1.0, np.nan]])
    assert accuracy(output, np.array([1, 1, 0, 0])) == 0.25
    assert accuracy(output, np.array([[1.0, 2.0]] * 4)) is None


# -- number formats -----------------------------------------------------------------------------


MAKERS: dict[str, Callable[[str], Op]] = {
    "linear": partial(Linear, 4, 3, 3),
    **{f"activation {name}": partial(kind, 4, 3) for name, kind in ACTIVATIONS.items()},
    **{f"normalization {name}": partial(kind, 4, 3) for name, kind in NORMALIZATIONS.items()},
    **{f"skip {name}": partial(SkipJoin, 4, 3, factor=kind.factor) for name, kind in SKIPS.items()},
}


@pytest.mark.parametrize("what", MAKERS)
def test_float32_is_the_same_in_fewer_digits(what: str) -> None:
    rng = np.random.default_rng(4)
    inputs = [rng.normal(size=(4, 3)) for _ in range(2 if what.startswith("skip") else 1)]
    grad = rng.normal(size=(4, 3))
    results = {}
    for dtype in ("float64", "float32"):
        op = MAKERS[what](dtype)
        bound = bind_random(op, np.random.default_rng(5), dtype)
        made = [op.forward(*(x.astype(dtype) for x in inputs)).copy()]
        made += [gradient.copy() for gradient in op.backward(grad.astype(dtype))]
        made += [parameter.grad for parameter in bound.values()]
        made += op.buffers().values()
        assert all(array.dtype == dtype for array in made)
        results[dtype] = made
    for low, high in zip(results["float32"], results["float64"], strict=True):
        assert_close(low, high, 1e-5)
