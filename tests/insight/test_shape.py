"""The shape where it is easily got wrong: sizes, skips, starts, zeros, the ends of the range."""

from typing import Any

import numpy as np
import pytest
from helpers import experiment
from hypothesis import given
from hypothesis import strategies as st

from gradsim.experiment.experiment import Experiment
from gradsim.insight.verdict import Shape, Verdict, judge
from gradsim.insight.verdict.shape import ranges
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.measure import LAYER_COLUMNS, StepRecord
from gradsim.simulation.session import Session

SMALL: dict[str, Any] = {"width": 8, "batch_size": 8}


def verdict_after(steps: int, **knobs: Any) -> Verdict:
    return verdict_of(experiment(**knobs), steps)


def verdict_of(declared: Experiment, steps: int = 0) -> Verdict:
    session = Session(declared)
    session.do(Advance(Grain.STEP, steps))
    return judge(session.look(), session.experiment)


def made_up(delta: list[float], knobs: dict[str, Any], **columns: list[float]) -> Verdict:
    """The verdict on this profile, the head last; every other number is plain."""
    table = np.full((len(LAYER_COLUMNS), len(delta)), 1.0)
    for name, values in (
        {"saturated": [0.0], "dead": [0.0], "delta_norm": delta} | columns
    ).items():
        table[LAYER_COLUMNS.index(name)] = values
    return judge(StepRecord(0, loss=1.0, layers=table), experiment(**knobs))


# -- the size of the loss ---------------------------------------------------------------------

FACTORS = st.floats(-30.0, 30.0).map(lambda decades: 10.0**decades)

NETWORKS = st.fixed_dictionaries(
    {
        "depth": st.sampled_from([1, 2, 5, 12, 40]),
        "activation": st.sampled_from(["sigmoid", "tanh", "relu", "gelu", "elu", "hardtanh"]),
        "initializer": st.sampled_from(["glorot-normal", "he-uniform", "orthogonal", "zeros"]),
        "initializer_gain": st.sampled_from([0.3, 1.0, 1.7, 4.0]),
        "bias_std": st.sampled_from([0.0, 0.2]),
        "normalization": st.sampled_from(["none", "none", "batch", "layer", "weight"]),
        "skip": st.sampled_from(["none", "none", "residual", "rezero", "dense", "highway"]),
        "skip_order": st.sampled_from(
            ["activation-inside", "pre-activation", "post-activation"],
        ),
        "loss": st.sampled_from(["softmax-cross-entropy", "mean-squared-error"]),
        "seed": st.integers(0, 50),
    }
)


@given(NETWORKS, FACTORS)
def test_no_factor_on_the_loss_changes_the_shape(knobs: dict[str, Any], factor: float) -> None:
    plain = verdict_after(0, **SMALL, **knobs)
    scaled = verdict_after(0, **SMALL, **knobs, loss_factor=factor)
    assert scaled.shape is plain.shape, scaled.evidence.sentence


@given(NETWORKS, FACTORS)
def test_nor_in_float32_as_far_as_its_range_reaches(knobs: dict[str, Any], factor: float) -> None:
    """What falls out of the range at either end is out: it vanishes, or is not finite."""
    plain = verdict_after(0, **SMALL, **knobs, dtype="float32")
    scaled = verdict_after(0, **SMALL, **knobs, dtype="float32", loss_factor=factor)
    numbers = record_numbers(knobs, factor)
    if not numbers.size or (numbers.min() > 1e-36 and numbers.max() < 1e36):
        assert scaled.shape is plain.shape, scaled.evidence.sentence
    elif scaled.shape is not plain.shape:
        assert scaled.shape in (Shape.VANISHING, Shape.DEAD, Shape.NOT_FINITE)


def record_numbers(knobs: dict[str, Any], factor: float) -> "np.ndarray[Any, Any]":
    """Every gradient norm but zeros, of the same network in float64."""
    session = Session(experiment(**SMALL, **knobs, loss_factor=factor))
    record = session.look()
    names = ("delta_norm", "output_grad_norm", "grad_weight_norm")
    columns = [record.column(name) for name in names]
    sizes = np.concatenate([column for column in columns if column is not None])
    return sizes[sizes > 0.0]


# -- starts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["activation-inside", "pre-activation"])
def test_rezero_starts_shut_and_is_not_dead(order: str) -> None:
    knobs: dict[str, Any] = {"skip": "rezero", "skip_order": order, "depth": 6, "width": 16}
    verdict = verdict_after(0, **knobs)
    assert verdict.shape is Shape.HEALTHY
    assert "every branch is shut" in verdict.evidence.sentence
    assert verdict.evidence.first_delta_norm == 0.0
    assert verdict_after(3, **knobs).shape is Shape.HEALTHY


def test_shut_branches_do_not_hide_what_happens_along_the_skips() -> None:
    """With the activation behind the join its slopes stand in the gradient's way."""
    knobs: dict[str, Any] = {"skip": "rezero", "skip_order": "post-activation", "depth": 12}
    verdict = verdict_after(0, **knobs)
    assert verdict.shape is Shape.VANISHING
    assert "along the skips" in verdict.evidence.sentence


def test_a_dead_branch_leaves_a_network_with_skips_alive() -> None:
    declared = Experiment.of(
        {
            "depth": 6, "width": 16, "skip": "residual-scaled", "activation": "relu",
            "initializer": "he-normal", "layers.4.initializer": "zeros",
        }
    )  # fmt: skip
    alive = verdict_of(declared)
    assert alive.shape is Shape.HEALTHY
    assert "exactly zero at layer 4, which skips lead around" in alive.evidence.sentence
    assert any(note.layers == (4,) for note in alive.notes if note.kind == "dead-units")
    plain = verdict_of(declared.switch({"skip": "none"}))
    assert plain.shape is Shape.DEAD
    assert "no unit of layers 4 to 6 has a slope" in plain.evidence.sentence


def test_a_dead_first_layer_is_dead_whatever_skips_there_are() -> None:
    declared = Experiment.of(
        {"depth": 4, "width": 64, "skip": "residual", "activation": "relu"}
        | {"layers.1.initializer": "zeros"}
    )
    verdict = verdict_of(declared)
    assert verdict.shape is Shape.DEAD
    assert "exactly zero at layer 1" in verdict.evidence.sentence


def test_a_head_of_zeros_is_named_and_moves_with_the_first_step() -> None:
    declared = Experiment.of({"output.initializer": "zeros", "activation": "tanh", "depth": 4})
    start = verdict_of(declared)
    assert start.shape is Shape.DEAD
    assert "the head are all zero, until its first update" in start.evidence.sentence
    assert verdict_of(declared, 1).shape is Shape.HEALTHY


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rounding_is_no_gradient(dtype: str) -> None:
    """Behind a head of equal rows the classes' gradients cancel: what is left is rounding."""
    knobs: dict[str, Any] = {"initializer": "constant", "activation": "tanh", "depth": 3}
    for factor in (1e-20, 1.0, 1e20):
        verdict = verdict_after(0, **knobs, dtype=dtype, loss_factor=factor)
        assert verdict.shape is Shape.DEAD
        assert "cancels to rounding" in verdict.evidence.sentence


def test_a_bias_before_batch_norm_decides_nothing() -> None:
    """Its gradient is zero up to rounding, by the way batch norm is made."""
    knobs: dict[str, Any] = {"normalization": "batch", "activation": "tanh", "depth": 8}
    assert verdict_after(0, **knobs).shape is Shape.HEALTHY


@pytest.mark.parametrize("skip", ["dense", "residual-scaled", "residual-depth"])
@pytest.mark.parametrize("order", ["activation-inside", "pre-activation"])
def test_skips_keep_a_deep_tanh_healthy(skip: str, order: str) -> None:
    knobs: dict[str, Any] = {"skip": skip, "skip_order": order, "activation": "tanh"}
    verdict = verdict_after(0, depth=20, width=16, **knobs)
    assert verdict.shape is Shape.HEALTHY


# -- made-up profiles --------------------------------------------------------------------------


def test_a_profile_is_judged_by_its_ends_and_its_middle_is_noted() -> None:
    dip = made_up([1.0, 0.1, 1e-3, 1e-4, 1e-4, 1e-4, 1e-3, 0.1, 1.0, 1.0], {})
    assert dip.shape is Shape.HEALTHY
    assert [(note.kind, note.layers) for note in dip.notes] == [("uneven", (4, 5, 6))]
    assert "4.0 decades below that of both ends" in dip.notes[0].sentence
    bulge = made_up([1.0, 1e2, 1e3, 1e3, 1e3, 1e2, 1.0, 1.0], {})
    assert "3.0 decades above" in bulge.notes[0].sentence
    spike = made_up([1.0, 1.0, 1e-4, 1.0, 1.0, 1.0, 1.0], {})
    assert not spike.notes, "one layer alone is no dip"


def test_zero_has_its_reason() -> None:
    cases: list[tuple[str, dict[str, list[float]]]] = [
        ("no unit of layer 2 has a slope", {"dead": [0.0, 1.0, 0.0, 0.0]}),
        ("the weights of layer 3 are all zero", {"weight_norm": [1.0, 1.0, 0.0, 1.0]}),
    ]
    for size in (1.0, 1e-200, 5e-320):
        for words, columns in cases:
            verdict = made_up([0.0, 0.0, size, size], {}, **columns)
            assert verdict.shape is Shape.DEAD, "what stops it stops it at any size"
            assert words in verdict.evidence.sentence
    silent = made_up([0.0, 0.0, 0.0, 0.0], {})
    assert "the loss sends nothing back" in silent.evidence.sentence


def test_the_way_the_gradient_fell_tells_an_underflow() -> None:
    """Thirty decades in each layer: at 1e-30 the next one is out of the range of float32."""
    steep = made_up([0.0, 1e-30, 1.0, 1.0], {"dtype": "float32"})
    assert steep.shape is Shape.VANISHING
    level = made_up([0.0, 1e-30, 1e-30, 1e-30], {"dtype": "float32"})
    assert level.shape is Shape.DEAD


def test_a_gradient_norm_beyond_the_range_is_not_finite() -> None:
    table = np.full((len(LAYER_COLUMNS), 3), 1.0)
    record = StepRecord(0, loss=1.0, layers=table, grad_norm=float("inf"))
    verdict = judge(record, Experiment.of({}))
    assert verdict.shape is Shape.NOT_FINITE
    assert verdict.evidence.sentence == "the norm of all gradients together is infinity"
    assert not verdict.notes


def test_of_many_stretches_of_layers_the_first_are_named() -> None:
    assert ranges([3]) == "layer 3"
    assert ranges([1, 2, 3, 4, 7]) == "layers 1 to 4, 7"
    odd = list(range(1, 101, 2))
    assert ranges(odd) == "layers 1, 3, 5, 7, 9, 11, 13, 15 and 42 more up to 99"
    assert ranges(odd[:10]) == "layers 1, 3, 5, 7, 9, 11, 13, 15, 17, 19"
