"""Every op's backward against differences of its forward, over the registries."""

from collections.abc import Callable, Mapping
from functools import partial
from math import sqrt
from typing import Any

import numpy as np
import pytest
from helpers import (
    TOLERANCE,
    assert_close,
    bind_random,
    bind_start,
    by_differences,
    off_the_kinks,
    same_bits,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradsim.nn.activations import ACTIVATIONS, Activation
from gradsim.nn.arrays import Array
from gradsim.nn.linear import Gate, Linear, Projection, WeightNormLinear
from gradsim.nn.losses import LOSSES, Loss, accuracy
from gradsim.nn.normalization import NORMALIZATIONS, BatchNorm, GroupNorm, Normalization
from gradsim.nn.op import Op, Parameter
from gradsim.nn.settings import Value
from gradsim.nn.skips import (
    SKIPS,
    ConcatenationJoin,
    HighwayJoin,
    Padding,
    ReZeroJoin,
    SumJoin,
    factors,
)

Settings = Mapping[str, Value]

SIZES = st.integers(1, 6)
SEEDS = st.integers(0, 2**32 - 1)

FLOOR = 1e-11
"""What differences of numbers of size one leave of a gradient that is zero."""

few = settings(max_examples=15)


def variants(parts: Mapping[str, Any], others: Mapping[str, list[dict[str, Value]]]) -> list[Any]:
    """Each part at its usual settings, and at each of the others listed for it."""
    return [
        pytest.param(part, chosen, id=" ".join([name, *(f"{k} {v}" for k, v in chosen.items())]))
        for name, part in parts.items()
        for chosen in [{}, *others.get(name, [])]
    ]


def check_settings_vary(
    parts: Mapping[str, Any], others: Mapping[str, list[dict[str, Value]]]
) -> None:
    """Every setting of every part is tried at another value than its usual one."""
    for name, part in parts.items():
        for setting in part.settings:
            tried = {chosen.get(setting.name, setting.default) for chosen in others.get(name, [])}
            wanted = set(setting.choices) or {setting.default}
            assert tried - {setting.default}, f"add {name} with another {setting.name}"
            assert tried | {setting.default} >= wanted, f"add {name} with each {setting.name}"


def check_backward(
    op: Op,
    inputs: list[Array],
    rng: np.random.Generator,
    parameters: Mapping[str, Parameter] | None = None,
    floor: float = FLOOR,
) -> None:
    """Gradients of inputs and parameters, for a random gradient of the output.

    The parameters are random, unless some are bound already.
    """
    if parameters is None:
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
        assert_close(gradient, by_differences(projected, x), TOLERANCE, f"input {index}", floor)
    for name, parameter in parameters.items():
        wanted = by_differences(projected, parameter.value)
        assert_close(learned[name], wanted, TOLERANCE, name, floor)


def check_infer(op: Op, *inputs: Array) -> None:
    """Evaluation gives what training gives, in a new array, and forgets nothing kept for backward.

    Not for ops that behave differently in evaluation.
    """
    output = op.forward(*inputs)
    kept = output.copy()
    inferred = op.infer(*inputs)
    assert not np.shares_memory(inferred, output)
    assert_close(inferred, kept, 1e-15, floor=1e-14)
    other = op.infer(*(np.concatenate([x, 2.0 * x]) for x in inputs))
    assert_close(other[: len(kept)], kept, 1e-14, floor=1e-14)
    assert same_bits(output, kept)


# -- linear -------------------------------------------------------------------------------------


LINEAR: dict[str, Callable[[int, int, int, str], Op]] = {
    "linear": Linear,
    "weight-norm-linear": WeightNormLinear,
    "gate": partial(Gate, bias=-1.0),
    "skip-projection": Projection,
    "skip-padding": Padding,
}


@pytest.mark.parametrize("name", LINEAR)
@few
@given(batch=SIZES, fan_in=SIZES, fan_out=SIZES, seed=SEEDS)
@example(batch=1, fan_in=1, fan_out=1, seed=0)
@example(batch=1, fan_in=5, fan_out=3, seed=0)
@example(batch=4, fan_in=1, fan_out=1, seed=0)
def test_linear(name: str, batch: int, fan_in: int, fan_out: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    op = LINEAR[name](batch, fan_in, fan_out, "float64")
    assert op.name == name
    bound = bind_random(op, rng)
    if name == "weight-norm-linear":
        # Rows near zero have no direction to speak of, nor differences.
        bound["weight"].value[...] = off_the_kinks(rng, (fan_out, fan_in))
    check_backward(op, [rng.normal(size=(batch, fan_in))], rng, bound)
    check_infer(op, rng.normal(size=(batch, fan_in)))


def test_weight_norm_takes_the_length_from_one_parameter_and_the_direction_from_the_other() -> None:
    op = WeightNormLinear(1, 2, 2, "float64")
    bound = bind_random(op, np.random.default_rng(0))
    bound["weight"].value[...] = [[3.0, 4.0], [-1.0, 0.0]]
    bound["norm.weight"].value[...] = [10.0, 2.0]
    bound["bias"].value[...] = [1.0, 0.0]
    np.testing.assert_array_equal(op.forward(np.array([[1.0, 1.0]])), [[15.0, -2.0]])
    np.testing.assert_array_equal(op.effective, [[6.0, 8.0], [-2.0, 0.0]])


@pytest.mark.parametrize("kind", [Linear, WeightNormLinear])
def test_scaled_weights_scale_what_comes_out(kind: type[Linear]) -> None:
    op = kind(3, 4, 2, "float64")
    bound = bind_random(op, np.random.default_rng(0))
    bound["bias"].value[...] = 0.0
    x = np.random.default_rng(1).normal(size=(3, 4))
    before = op.forward(x).copy()
    op.scale_weights(2.5)
    assert_close(op.forward(x), 2.5 * before, 1e-15)


def test_padding_fills_up_with_zeros_and_cuts_off() -> None:
    x = np.array([[1.0, 2.0]])
    np.testing.assert_array_equal(Padding(1, 2, 4, "float64").forward(x), [[1.0, 2.0, 0.0, 0.0]])
    np.testing.assert_array_equal(Padding(1, 2, 1, "float64").forward(x), [[1.0]])


# -- activations --------------------------------------------------------------------------------


OTHER_ACTIVATIONS: dict[str, list[dict[str, Value]]] = {
    "leaky-relu": [{"leaky-slope": 0.3}, {"leaky-slope": 1.0}],
    "prelu": [{"prelu-slopes": "per-unit"}, {"prelu-start": -0.5}],
    "elu": [{"elu-alpha": 0.5}, {"elu-alpha": 3.0}],
    "softplus": [{"softplus-beta": 3.0}, {"softplus-beta": 0.5}],
    "hardtanh": [{"hardtanh-bound": 0.5}],
}

every_activation = pytest.mark.parametrize(
    ("kind", "chosen"), variants(ACTIVATIONS, OTHER_ACTIVATIONS)
)


def test_every_setting_of_an_activation_is_tried() -> None:
    check_settings_vary(ACTIVATIONS, OTHER_ACTIVATIONS)


@every_activation
@few
@given(batch=SIZES, units=SIZES, seed=SEEDS)
@example(batch=1, units=1, seed=0)
@example(batch=1, units=6, seed=1)
@example(batch=6, units=1, seed=2)
def test_activation(
    kind: type[Activation], chosen: Settings, batch: int, units: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    op = kind(batch, units, "float64", chosen)
    check_backward(op, [off_the_kinks(rng, (batch, units))], rng)
    check_infer(op, rng.normal(size=(batch, units)))


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize(("name", "below"), [("relu", 0.0), ("leaky-relu", 0.01), ("prelu", 0.25)])
def test_at_zero_the_slope_is_that_of_the_left(name: str, below: float, zero: float) -> None:
    """As PyTorch has it; differences over the kink would give the middle of both slopes."""
    op = ACTIVATIONS[name](2, 3, "float64")
    bind_start(op)
    x = np.array([[zero, 1.0, -1.0], [zero, zero, 5e-324]])
    np.testing.assert_array_equal(op.forward(x), [[0.0, 1.0, -below], [0.0, 0.0, 5e-324]])
    (gradient,) = op.backward(np.full((2, 3), 8.0))
    low = 8.0 * below
    np.testing.assert_array_equal(gradient, [[low, 8.0, low], [low, low, 8.0]])


def test_leaky_slope_is_the_one_asked_for() -> None:
    op = ACTIVATIONS["leaky-relu"](1, 2, "float64", {"leaky-slope": 0.3})
    np.testing.assert_array_equal(op.forward(np.array([[-2.0, 2.0]])), [[-0.6, 2.0]])
    np.testing.assert_array_equal(op.slopes, [[0.3, 1.0]])


def test_every_unit_may_learn_a_slope_of_its_own() -> None:
    op = ACTIVATIONS["prelu"](2, 3, "float64", {"prelu-slopes": "per-unit"})
    bound = bind_random(op, np.random.default_rng(0))
    bound["activation.weight"].value[...] = [0.1, 0.2, -3.0]
    y = op.forward(np.array([[-1.0, -1.0, -1.0], [2.0, -2.0, 2.0]]))
    np.testing.assert_array_equal(y, [[-0.1, -0.2, 3.0], [2.0, -0.4, 2.0]])
    op.backward(np.array([[1.0, 1.0, 1.0], [1.0, 5.0, 1.0]]))
    np.testing.assert_array_equal(bound["activation.weight"].grad, [-1.0, -11.0, -1.0])
    assert op.largest_slope == 3.0


@every_activation
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activation_far_out(kind: type[Activation], chosen: Settings, dtype: str) -> None:
    largest = float(np.finfo(dtype).max)
    x = np.array([[-largest, -1e30, -1e3, -100.0, 0.0, 100.0, 1e3, 1e30, largest]], dtype)
    op = kind(1, x.size, dtype, chosen)
    bind_start(op, dtype)
    with np.errstate(all="ignore"):
        y = op.forward(x)
    assert y.dtype == op.slopes.dtype == op.backward(np.ones_like(x))[0].dtype == dtype
    assert np.isfinite(op.slopes).all()
    assert np.isfinite(y[0, 1:-1]).all()
    if op.largest_slope <= 1.0:
        assert np.isfinite(y).all(), "nothing is larger than what came in"


@every_activation
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activation_at_infinity(kind: type[Activation], chosen: Settings, dtype: str) -> None:
    """What overflows is infinite, and then an activation is at its limit."""
    x = np.array([[-np.inf, -1e4, 1e4, np.inf]], dtype)
    op = kind(1, 4, dtype, chosen)
    bind_start(op, dtype)
    with np.errstate(all="ignore"):
        y = op.forward(x)[0]
    assert not np.isnan(op.slopes).any()
    slopes = op.slopes[0].tolist()
    for end, near in ((0, 1), (3, 2)):
        assert slopes[end] == pytest.approx(slopes[near], abs=1e-7)
        if abs(y[near]) < 10.0:
            assert y[end] == pytest.approx(y[near], abs=1e-3), "a bound"
        else:
            assert np.isinf(y[end])
            assert y[end] * y[near] > 0


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_saturates_where_its_slope_fades_out_or_ends_in_a_bound(name: str) -> None:
    op = ACTIVATIONS[name](1, 8, "float64")
    bind_start(op)
    y = op.forward(np.array([[-1e30, -1e3, -3.0, -1.0, 1.0, 3.0, 1e3, 1e30]]))[0]
    slopes = np.abs(op.slopes[0])
    fades = any(slopes[near] > 0.0 and slopes[far] < 0.01 * slopes[near]
                for near, far in ((2, 0), (5, 7)))  # fmt: skip
    bounded = y[0] == y[1] and y[6] == y[7]
    assert op.saturates == (fades or bounded)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_hides_no_nan(name: str) -> None:
    op = ACTIVATIONS[name](1, 2, "float64")
    bind_start(op)
    x = np.array([[np.nan, 1.0]])
    with np.errstate(invalid="ignore"):
        for y in (op.forward(x), op.infer(x)):
            assert np.isnan(y).tolist() == [[True, False]]
    assert not np.isnan(op.slopes[0, 1])
    (gradient,) = op.backward(np.array([[np.nan, np.nan]]))
    assert np.isnan(gradient).all()


@every_activation
def test_largest_slope_is_the_largest(kind: type[Activation], chosen: Settings) -> None:
    x = np.linspace(-100.0, 100.0, 200_001).reshape(-1, 1)
    op = kind(len(x), 1, "float64", chosen)
    bind_start(op)
    op.forward(x)
    largest = float(np.max(np.abs(op.slopes)))
    assert largest == pytest.approx(op.largest_slope, rel=1e-6)


GAINS: dict[str, tuple[dict[str, Value], float]] = {
    "tanh": ({}, 5.0 / 3.0),
    "relu": ({}, sqrt(2.0)),
    "leaky-relu": ({"leaky-slope": 0.5}, sqrt(1.6)),
    "prelu": ({"prelu-start": -0.5}, sqrt(1.6)),
    "selu": ({}, 0.75),
}
"""As in `torch.nn.init.calculate_gain`; any other is 1."""


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gain(name: str) -> None:
    chosen, gain = GAINS.get(name, ({}, 1.0))
    op = ACTIVATIONS[name](1, 1, "float64", chosen)
    assert op.gain == pytest.approx(gain, rel=1e-15)


# -- normalizations -----------------------------------------------------------------------------


OPS: dict[str, type[Normalization]] = {
    name: kind for name, kind in NORMALIZATIONS.items() if issubclass(kind, Normalization)
}
"""All but that of the weights, which is a linear op."""


@pytest.mark.parametrize("learned", ["on", "off"])
@pytest.mark.parametrize("name", OPS)
@few
@given(more=st.integers(0, 4), units=SIZES, seed=SEEDS)
@example(more=0, units=1, seed=0)
@example(more=0, units=4, seed=1)
@example(more=4, units=1, seed=2)
def test_normalization(name: str, learned: str, more: int, units: int, seed: int) -> None:
    batch = OPS[name].smallest_batch + more
    rng = np.random.default_rng(seed)
    for groups in [n for n in range(1, units + 1) if units % n == 0]:
        chosen: Settings = {"normalization-learned": learned, "groups": groups}
        op = OPS[name](batch, units, "float64", chosen)
        assert len(op.parameters()) == (0 if learned == "off" else 1 if name == "rms" else 2)
        # Two numbers normalize to 1 and -1 whatever they are: what is left is a small difference.
        check_backward(op, [off_the_kinks(rng, (batch, units))], rng, floor=1e-9)
        if name != "batch":
            check_infer(op, rng.normal(size=(batch, units)))


# RMS norm is so steep at zero that no difference is small enough.
@pytest.mark.parametrize(
    ("name", "value"),
    [(n, v) for n in OPS for v in (0.0, 3.0, -1e3) if (n, v) != ("rms", 0.0)],
)
def test_normalization_of_equal_entries(name: str, value: float) -> None:
    batch = OPS[name].smallest_batch + 2
    rng = np.random.default_rng(5)
    op = OPS[name](batch, 4, "float64", {"groups": 2})
    check_backward(op, [np.full((batch, 4), value)], rng)


def test_rms_norm_of_a_row_of_zeros() -> None:
    op = OPS["rms"](2, 3, "float64", {"normalization-learned": "off"})
    bind_start(op)
    np.testing.assert_array_equal(op.forward(np.zeros((2, 3))), np.zeros((2, 3)))
    (gradient,) = op.backward(np.ones((2, 3)))
    np.testing.assert_array_equal(gradient, np.full((2, 3), 2.0**26))


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


def test_normalizations_of_rows_by_the_formula() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(2.0, 3.0, size=(3, 6))
    x_hats = {
        "layer": (x - x.mean(axis=1)[:, None]) / np.sqrt(x.var(axis=1) + 1e-5)[:, None],
        "rms": x / np.sqrt((x * x).mean(axis=1) + np.finfo(np.float64).eps)[:, None],
        "group": np.concatenate(
            [
                (part - part.mean(axis=1)[:, None]) / np.sqrt(part.var(axis=1) + 1e-5)[:, None]
                for part in (x[:, :3], x[:, 3:])
            ],
            axis=1,
        ),
    }
    assert {"batch", *x_hats} == set(OPS)
    for name, x_hat in x_hats.items():
        for learned in ("on", "off"):
            op = OPS[name](3, 6, "float64", {"normalization-learned": learned, "groups": 2})
            bound = {n: p.value for n, p in bind_random(op, rng).items()}
            wanted = bound.get("norm.weight", 1.0) * x_hat + bound.get("norm.bias", 0.0)
            assert_close(op.forward(x), wanted, 1e-14, name)
            assert_close(op.infer(x), wanted, 1e-14, name)


def test_layer_norm_is_group_norm_of_one_group() -> None:
    x = np.random.default_rng(0).normal(size=(4, 6))
    one, other = OPS["layer"](4, 6, "float64"), GroupNorm(4, 6, "float64", {"groups": 1})
    bind_start(one)
    bind_start(other)
    assert same_bits(one.forward(x), other.forward(x))


def test_batch_norm_without_learning_has_statistics_all_the_same() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, size=(8, 2))
    op = BatchNorm(8, 2, "float64", {"normalization-learned": "off"})
    y = op.forward(x).copy()
    assert_close(y.mean(axis=0), np.zeros(2), 1e-14, floor=1e-14)
    assert_close(y.var(axis=0), np.ones(2), 1e-4)
    assert_close(op.running_mean, 0.1 * x.mean(axis=0), 1e-14)
    assert_close(op.infer(x), (x - op.running_mean) / np.sqrt(op.running_var + 1e-5), 1e-14)


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


JOINS: dict[str, tuple[int, Callable[[int, int, str], Op]]] = {
    **{
        f"sum {main} {skip}": (2, partial(SumJoin, main=main, skip=skip))
        for main, skip in ((1.0, 1.0), (sqrt(0.5), sqrt(0.5)), (0.1, 1.0), (1.0, 0.3), (0.0, 1.0))
    },
    "rezero": (2, partial(ReZeroJoin, start=0.0)),
    "highway": (3, HighwayJoin),
}
"""Joins of paths that are equally wide, with how many paths there are."""


@pytest.mark.parametrize("name", JOINS)
@few
@given(batch=SIZES, units=SIZES, seed=SEEDS)
@example(batch=1, units=1, seed=0)
def test_join(name: str, batch: int, units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, make = JOINS[name]
    op = make(batch, units, "float64")
    paths = [rng.normal(size=(batch, units)) for _ in range(count)]
    check_backward(op, paths, rng)
    check_infer(op, *paths)


@few
@given(batch=SIZES, main=SIZES, skip=SIZES, seed=SEEDS)
@example(batch=1, main=1, skip=1, seed=0)
@example(batch=2, main=1, skip=5, seed=0)
def test_concatenation(batch: int, main: int, skip: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    op = ConcatenationJoin(batch, main, skip, "float64")
    paths = [rng.normal(size=(batch, main)), rng.normal(size=(batch, skip))]
    check_backward(op, paths, rng)
    check_infer(op, *paths)
    np.testing.assert_array_equal(op.forward(*paths), np.hstack([paths[1], paths[0]]))


def test_joins_by_hand() -> None:
    main, skip = np.array([[3.0, 0.5]]), np.array([[1.0, -2.0]])
    wanted = {
        "residual": [[4.0, -1.5]],
        "residual-scaled": [[4.0 / sqrt(2.0), -1.5 / sqrt(2.0)]],
        "residual-factor": [[1.0 + 0.2 * 3.0, -2.0 + 0.2 * 0.5]],
        "residual-depth": [[1.0 + 3.0 / 2.0, -2.0 + 0.5 / 2.0]],
    }
    assert set(wanted) == {name for name, kind in SKIPS.items() if kind.join == "sum"}
    for name, y in wanted.items():
        op = SumJoin(1, 2, "float64", *factors(name, skip_factor=0.2, blocks=4))
        assert_close(op.forward(main, skip), np.array(y), 1e-15, name)
    rezero = ReZeroJoin(1, 2, "float64", 0.0)
    bind_start(rezero)
    np.testing.assert_array_equal(rezero.forward(main, skip), skip)
    gate = np.array([[0.25, 1.0]])
    np.testing.assert_array_equal(
        HighwayJoin(1, 2, "float64").forward(main, skip, gate), [[1.5, 0.5]]
    )


# -- losses -------------------------------------------------------------------------------------


def targets_for(name: str, rng: np.random.Generator, batch: int, outputs: int) -> list[Array]:
    """What this loss can be asked to fit: classes, and numbers where it takes those."""
    classes = rng.integers(outputs, size=batch)
    if LOSSES[name].needs_classes:
        return [classes]
    return [classes, rng.normal(size=(batch, outputs))]


OTHER_LOSSES: dict[str, list[dict[str, Value]]] = {
    "softmax-cross-entropy": [{"label-smoothing": 0.1}, {"label-smoothing": 1.0}],
    "huber": [{"huber-delta": 0.25}, {"huber-delta": 20.0}],
}

every_loss = pytest.mark.parametrize(("kind", "chosen"), variants(LOSSES, OTHER_LOSSES))


def test_every_setting_of_a_loss_is_tried() -> None:
    check_settings_vary(LOSSES, OTHER_LOSSES)


@every_loss
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
def test_loss(
    kind: type[Loss],
    chosen: Settings,
    batch: int,
    outputs: int,
    seed: int,
    factor: float,
    spread: float,
) -> None:
    rng = np.random.default_rng(seed)
    output = spread * rng.normal(size=(batch, outputs))
    for target in targets_for(kind.name, rng, batch, outputs):
        loss = kind(batch, outputs, "float64", factor, chosen)
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


def test_huber_is_a_parabola_within_delta_and_a_line_beyond() -> None:
    loss = LOSSES["huber"](1, 4, "float64", 2.0, {"huber-delta": 0.5})
    output, target = np.array([[1.25, 0.0, -1.0, 3.5]]), np.array([[1.0, 0.5, 3.0, 0.5]])
    # Errors 0.25, -0.5 (the bound itself), -4 and 3.
    losses = [0.25**2 / 2, 0.5**2 / 2, 0.5 * (4.0 - 0.25), 0.5 * (3.0 - 0.25)]
    assert loss.forward(output, target) == 2.0 * sum(losses) / 4.0
    np.testing.assert_array_equal(loss.backward(), [[0.125, -0.25, -0.25, 0.25]])


def test_smoothed_labels_by_hand() -> None:
    loss = LOSSES["softmax-cross-entropy"](1, 4, "float64", 1.0, {"label-smoothing": 0.2})
    output = np.log(np.array([[0.1, 0.2, 0.3, 0.4]]))
    target = np.array([0.05, 0.85, 0.05, 0.05])
    wanted = -float(np.sum(target * output[0]))
    assert loss.forward(output, np.array([1])) == pytest.approx(wanted, rel=1e-15)
    assert_close(loss.backward()[0], np.array([0.1, 0.2, 0.3, 0.4]) - target, 1e-15)


def test_binary_cross_entropy_asks_each_class_by_itself() -> None:
    loss = LOSSES["binary-cross-entropy"](1, 2, "float64", 1.0)
    output = np.array([[0.0, np.log(3.0)]])  # probabilities 1/2 and 3/4
    wanted = -(np.log(0.5) + np.log(0.75)) / 2.0
    assert loss.forward(output, np.array([1])) == pytest.approx(wanted, rel=1e-15)
    assert_close(loss.backward(), np.array([[0.25, -0.125]]), 1e-15)


@every_loss
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loss_of_far_out_outputs(kind: type[Loss], chosen: Settings, dtype: str) -> None:
    """Finite, and so is its gradient, wherever the numbers it is made of are."""
    output = np.array([[1e4, 0.0, -1e4], [-1e15, 1e15, 0.0]], dtype)
    loss = kind(2, 3, dtype, 1.0, chosen)
    for label in range(3):
        assert np.isfinite(loss.forward(output, np.array([label, label])))
        gradient = loss.backward()
        assert gradient.dtype == dtype
        assert np.isfinite(gradient).all()


@every_loss
def test_loss_hides_no_nan(kind: type[Loss], chosen: Settings) -> None:
    loss = kind(2, 2, "float64", 1.0, chosen)
    with np.errstate(invalid="ignore"):
        value = loss.forward(np.array([[np.nan, 0.0], [1.0, 2.0]]), np.array([1, 0]))
    assert np.isnan(value)
    assert np.isnan(loss.backward()).any(axis=1).tolist() == [True, False]


def test_accuracy_counts_no_row_with_nan() -> None:
    output = np.array([[1.0, 2.0], [2.0, 1.0], [np.nan, 1.0], [1.0, np.nan]])
    assert accuracy(output, np.array([1, 1, 0, 0])) == 0.25
    assert accuracy(output, np.array([[1.0, 2.0]] * 4)) is None


@pytest.mark.parametrize("kind", LOSSES.values(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("place", [(0, 0), (1, 2)])
def test_a_nan_goes_into_every_loss(kind: type[Loss], place: tuple[int, int]) -> None:
    """So where a loss is finite nobody has to look for one."""
    loss, output = kind(2, 3, "float64", 1.0), np.zeros((2, 3))
    target = np.array([1, 0])
    assert np.isfinite(loss.forward(output, target))
    assert accuracy(output, target) == accuracy(output, target, no_nan=True) == 0.5
    output[place] = np.nan
    with np.errstate(invalid="ignore"):
        assert np.isnan(loss.forward(output, target))


# -- number formats -----------------------------------------------------------------------------


MAKERS: dict[str, tuple[int, Callable[[str], Op]]] = {
    **{name: (1, partial(make, 4, 6, 6)) for name, make in LINEAR.items()},
    **{f"activation {name}": (1, partial(kind, 4, 6)) for name, kind in ACTIVATIONS.items()},
    **{
        f"normalization {name}": (1, partial(kind, 4, 6, settings={"groups": 2}))
        for name, kind in OPS.items()
    },
    **{f"join {name}": (count, partial(make, 4, 6)) for name, (count, make) in JOINS.items()},
    "join dense": (2, partial(ConcatenationJoin, 4, 6, 6)),
}


@pytest.mark.parametrize("what", MAKERS)
def test_float32_is_the_same_in_fewer_digits(what: str) -> None:
    rng = np.random.default_rng(4)
    count, make = MAKERS[what]
    inputs = [rng.normal(size=(4, 6)) for _ in range(count)]
    grad = rng.normal(size=(4, 12 if what == "join dense" else 6))
    results = {}
    for dtype in ("float64", "float32"):
        op = make(dtype)
        bound = bind_random(op, np.random.default_rng(5), dtype)
        made = [op.forward(*(x.astype(dtype) for x in inputs)).copy()]
        made += [gradient.copy() for gradient in op.backward(grad.astype(dtype))]
        made += [parameter.grad for parameter in bound.values()]
        made += op.buffers().values()
        made.append(op.infer(*(x.astype(dtype) for x in inputs)))
        assert all(array.dtype == dtype for array in made)
        results[dtype] = made
    for low, high in zip(results["float32"], results["float64"], strict=True):
        assert_close(low, high, 1e-5)
