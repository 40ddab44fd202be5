"""One layer as a whole: what enters its functions, what is counted, and that nothing is changed."""

from typing import Any

import numpy as np
import pytest
from helpers import same_bits

from gradsim.experiment.experiment import Experiment
from gradsim.insight.functions import POINTS, Function
from gradsim.insight.layer import LayerStudy, capture, studying
from gradsim.insight.weight import whole
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.network import LayerName, Network
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session

ADDING: dict[str, Any] = {
    "data": "adding", "loss": "mean-squared-error", "sequence_length": 6, "width": 5,
    "batch_size": 7,
}  # fmt: skip


def session_of(**knobs: Any) -> Session:
    settings = {name.replace("_", "-"): value for name, value in knobs.items()}
    return Session(Experiment.of({"depth": 3, "width": 8, "batch-size": 16} | settings))


def study_of(
    session: Session, layer: LayerName, time: int | None = None
) -> tuple[LayerStudy, Network]:
    machine = whole(session.going_to_gradients())
    found = whole(studying(capture(machine, session.cursor.step, layer, time)))
    return found, machine.network


def column(session: Session, name: str, layer: int) -> float:
    values = session.look().column(name)
    assert values is not None
    return float(values[layer - 1])


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_saturation_is_that_of_the_layer_table_for_every_activation(kind: str) -> None:
    session = session_of(activation=kind, initializer_gain=4.0)
    found, network = study_of(session, 2)
    [(function, tally)] = found.functions
    assert function.kind == kind
    assert function.reads == "z"
    if ACTIVATIONS[kind].saturates:
        assert function.saturated_share == column(session, "saturated", 2)
        assert sum(function.saturated) > 0
    else:
        assert function.bound == 0.0
    z = network.values[network.layers[1].pre_activation]
    assert z is not None
    assert tally.span == (-function.reach, function.reach)
    assert tally.counts.sum() == z.size
    assert np.abs(z).max() <= function.reach
    op = network.nodes[network.layers[1].pre_activation].op
    assert function.flat == np.count_nonzero(getattr(op, "slopes") == 0.0)  # noqa: B009


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_the_curve_is_the_activation_and_its_slope(kind: str) -> None:
    found, _ = study_of(session_of(activation=kind), 1)
    function = found.functions[0][0]
    assert function.x[POINTS // 2] == 0.0
    between = (function.x[1:] + function.x[:-1]) / 2
    # Differences of the value are the slope, but where it jumps.
    rise = np.diff(function.value) / np.diff(function.x)
    wanted = np.interp(between, function.x, function.slope)
    assert np.count_nonzero(np.abs(rise - wanted) > 1e-3) <= 4


def test_where_units_have_slopes_of_their_own_the_curve_is_their_mean() -> None:
    session = session_of(activation="prelu", prelu_slopes="per-unit")
    for _ in range(3):
        session.do(Advance(Grain.STEP))
    found, network = study_of(session, 2)
    slopes = network.parameters.view("layers.2.activation.weight", network.parameters.values)
    assert np.ptp(slopes) > 0.0
    assert found.functions[0][0].slope[0] == pytest.approx(slopes.mean())


@pytest.mark.parametrize(
    ("knobs", "reads"),
    [
        ({}, "z"),
        ({"normalization": "batch"}, "z after batch norm"),
        ({"normalization": "rms"}, "z after rms norm"),
        ({"normalization": "weight"}, "z"),
        ({"normalization": "batch", "normalization_place": "after-activation"}, "z"),
        ({"normalization": "layer", "normalization_place": "before-linear"}, "z"),
        ({"skip": "residual"}, "z"),
        ({"skip": "residual", "skip_order": "post-activation"}, "z with its skip"),
        ({"skip": "residual", "skip_order": "pre-activation"}, "input"),
        (
            {"skip": "residual", "skip_order": "pre-activation", "normalization": "batch"},
            "input after batch norm",
        ),
    ],
    ids=str,
)
def test_what_enters_phi_is_said_and_counted(knobs: dict[str, Any], reads: str) -> None:
    session = session_of(activation="tanh", **knobs)
    found, network = study_of(session, 2)
    [(function, tally)] = found.functions
    activation = network.layers[1].activation
    assert activation is not None
    entered = network.values[network.nodes[activation - 1].inputs[0]]
    assert entered is not None
    assert tally.low == entered.min()
    assert tally.high == entered.max()
    assert function.reads == reads


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("normalization", ["none", "layer"])
@pytest.mark.parametrize("time", [1, 4])
def test_the_gates_of_a_time_step(cell: str, normalization: str, time: int) -> None:
    session = session_of(**ADDING, cell=cell, normalization=normalization, initializer_gain=3.0)
    found, network = study_of(session, 1, time)
    names = [function.name for function, _ in found.functions]
    gates = {"rnn": "", "gru": "r z n", "lstm": "i f g o"}[cell]
    assert names == ([f"gate {name}" for name in gates.split()] or ["phi"])
    kinds = {f.name: f.kind for f, _ in found.functions}
    assert kinds.get("gate r", kinds.get("gate i", "sigmoid")) == "sigmoid"
    assert kinds.get("gate n", kinds.get("gate g", "tanh")) == "tanh"
    opened = {function.name: value_of(network, time, function) for function, _ in found.functions}
    for function, tally in found.functions:
        # What enters a function, put through it, is what it gave out.
        ends = np.interp([tally.low, tally.high], function.x, function.value)
        assert ends == pytest.approx(opened[function.name], abs=1e-4)
    assert found.time == time
    assert [m.gates for m in found.matrices] == [gates] * 4
    rows = 5 * (len(gates.split()) or 1)
    assert [m.shape for m in found.matrices] == [(rows, 2), (rows, 2), (rows, 5), (rows, 5)]
    state = next(d.tally for d in found.distributions if d.name == "state")
    assert state.size == 7 * 5
    assert (found.block is None) == (time == 1)


def value_of(network: Network, time: int, function: Function) -> list[float]:
    """The smallest and the largest that a function of a time step has given out."""
    slots = network.layers[time - 1]
    op: Any = network.nodes[slots.output - 1].op
    names = {"lstm-gates": "ifgo", "gru-gates": "rz"}.get(op.name)
    if names is None:
        out = op.y
    elif function.name == "gate n":
        out = op.n
    else:
        k = names.index(function.name[-1])
        out = op.gates[:, k * op.units : (k + 1) * op.units]
    return [float(out.min()), float(out.max())]


def test_the_head_has_logits_and_no_function() -> None:
    found, network = study_of(session_of(), "output")
    assert found.functions == ()
    assert [d.name for d in found.distributions] == ["logits", "delta", "weight gradient"]
    gradient = network.gradients[-1]
    assert gradient is not None
    assert found.distributions[1].tally.largest == np.abs(gradient).max()
    assert found.block is not None
    assert found.block.last == "output"


def test_pictures_of_digits_are_rows_of_the_first_weights() -> None:
    session = session_of(width=40)
    found, network = study_of(session, 1)
    weight = network.parameters.view("layers.1.weight", network.parameters.values)
    assert len(found.pictures) == 24
    unit, picture = found.pictures[0]
    assert np.array_equal(picture.reshape(-1), weight[unit])
    assert np.abs(weight).max() == np.abs(picture).max()
    assert study_of(session, 2)[0].pictures == ()
    assert study_of(session_of(data="wine"), 1)[0].pictures == ()


def test_what_is_not_finite_is_counted() -> None:
    found, _ = study_of(session_of(activation="relu", initializer_gain=1e200), 3)
    [(function, tally)] = found.functions
    assert tally.finite < tally.size
    assert np.isfinite(function.reach)
    delta = next(d.tally for d in found.distributions if d.name == "delta")
    assert delta.nans + delta.zeros == delta.size > delta.zeros


def test_looking_and_counting_change_nothing() -> None:
    knobs = {"normalization": "batch", "activation": "prelu"}
    plain, watched = session_of(**knobs), session_of(**knobs)
    for _ in range(4):
        study_of(watched, 2)
        plain.do(Advance(Grain.STEP))
        watched.do(Advance(Grain.STEP))
    assert [r.loss for r in plain.past()] == [r.loss for r in watched.past()]
    assert same_bits(plain.network().parameters.values, watched.network().parameters.values)


def test_the_study_is_of_the_step_asked_for() -> None:
    session = session_of(activation="tanh")
    seen = []
    for _ in range(3):
        seen.append(study_of(session, 2)[0].distributions[2].tally.largest)
        session.do(Advance(Grain.STEP))
    machine = whole(session.going_to_gradients(1))
    again = whole(studying(capture(machine, 1, 2, None)))
    assert again.distributions[2].tally.largest == seen[1]
    assert len(set(seen)) == 3
