"""One weight: partial passes, what is copied, and that the session is left as it was."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from helpers import run_until, same_bits, training_of

from gradsim.errors import InputError
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.insight.slope import curve, differencing, nudging
from gradsim.insight.weight import Probe, Weight, whole
from gradsim.simulation.actions import Advance, Back, Grain
from gradsim.simulation.events import Phase
from gradsim.simulation.session import Session


def session_of(steps: int = 1, **knobs: Any) -> Session:
    given = {name.replace("_", "-"): value for name, value in knobs.items()}
    small = {"depth": 5, "width": 8, "batch-size": 16, "data": "wine", "activation": "tanh"}
    session = Session(Experiment.of(small | given))
    session.do(Advance(Grain.STEP, steps))
    return session


def weights_of(probe: Probe, seed: int = 0) -> list[Weight]:
    """One weight of every parameter of the network, in an order that jumps between layers."""
    rng = np.random.default_rng(seed)
    layers = [layer.name for layer in probe._own.network.layers]
    weights = [
        probe.weight(layer, name, tuple(int(rng.integers(n)) for n in shape))
        for layer in layers
        for name, shape in probe.parameters(layer).items()
    ]
    return [weights[k] for k in rng.permutation(len(weights))]


def loss_by_a_whole_pass(session: Session, weight: Weight, value: float) -> float:
    """The loss by the engine itself, in a network of its own, from the first op to the last."""
    step = session.cursor.step
    machine = session.machine_at(session.cursor)
    training = training_of(session.experiment, session.run.data)
    store = training.network.parameters
    store.values[...] = machine.network.parameters.values
    store.view(weight.name, store.values)[weight.index] = value
    run_until(training, *machine.batch(step), Phase.LOSS)
    return training.loss


@pytest.mark.parametrize(
    ("skip", "normalization", "order"),
    list(
        product(KNOBS["skip"].choices, KNOBS["normalization"].choices, KNOBS["skip-order"].choices)
    ),
)
def test_a_pass_from_the_layer_on_has_the_bits_of_a_whole_one(
    skip: str, normalization: str, order: str
) -> None:
    session = session_of(
        skip=skip, normalization=normalization, skip_order=order, skip_every=2,
        widths="8,8,6,6,8", bias_std=0.1,
    )  # fmt: skip
    probe = Probe(session)
    for weight in weights_of(probe):
        moved = probe.value(weight) + 0.125
        found = whole(probe.loss_at(weight, moved))
        assert found == loss_by_a_whole_pass(session, weight, moved), weight
        assert found != probe.loss or probe.gradient(weight) == pytest.approx(0.0, abs=1e-15)
        assert whole(probe.loss_at(weight, probe.value(weight))) == probe.loss, weight


@pytest.mark.parametrize("place", KNOBS["normalization-place"].choices)
@pytest.mark.parametrize("normalization", ["batch", "group"])
def test_a_pass_from_the_layer_on_wherever_the_normalization_stands(
    place: str, normalization: str
) -> None:
    session = session_of(normalization=normalization, normalization_place=place, activation="prelu")
    probe = Probe(session)
    for weight in weights_of(probe):
        moved = probe.value(weight) - 0.25
        found = whole(probe.loss_at(weight, moved))
        assert found == loss_by_a_whole_pass(session, weight, moved), weight


@pytest.mark.parametrize(
    "knobs",
    [
        {"skip": "highway", "normalization": "batch", "skip_every": 2},
        {"skip": "dense", "normalization": "layer", "skip_order": "pre-activation"},
        {"skip": "rezero", "rezero_start": 0.5, "normalization": "weight"},
        {"skip": "residual", "widths": "8,6,8,6,8", "normalization": "rms"},
        {"activation": "gelu", "loss": "mean-squared-error", "loss_factor": 1e-6},
        {"activation": "prelu", "prelu_slopes": "per-unit", "normalization": "group"},
        {"activation": "sigmoid", "initializer_gain": 4.0, "clip": "value", "clip_threshold": 1e-3},
    ],
    ids=str,
)
def test_the_gradient_is_the_slope_by_differences(knobs: dict[str, Any]) -> None:
    probe = Probe(session_of(steps=2, **knobs))
    for weight in weights_of(probe, seed=1):
        found = whole(differencing(probe, weight))
        gradient = probe.gradient(weight)
        off = abs(found.central - gradient)
        assert off <= max(1e-6 * abs(gradient), 2.0 * found.noise), (weight, found, gradient)
        assert not found.kink, weight


def test_what_a_gradient_foretells_is_off_by_the_square_of_the_nudge() -> None:
    probe = Probe(session_of())
    for layer in (1, 3, "output"):
        weight = probe.largest(layer, "weight")
        off = [whole(nudging(probe, weight, nudge)) for nudge in (1e-1, 1e-2, 1e-3)]
        errors = [abs(one.real - one.predicted) for one in off]
        assert errors[1] / errors[2] == pytest.approx(100.0, rel=0.1)
        assert errors[0] / errors[1] == pytest.approx(100.0, rel=0.5)
        assert off[2].error == pytest.approx(errors[2] / abs(off[2].real))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_nothing_of_the_session_changes_and_the_run_goes_on_to_the_same_bits(dtype: str) -> None:
    knobs: dict[str, Any] = {
        "normalization": "batch", "skip": "rezero", "optimizer": "adam", "clip": "global-norm",
        "dtype": dtype, "depth": 3,
    }  # fmt: skip
    asked, left_alone = session_of(2, **knobs), session_of(2, **knobs)
    moves = (
        Advance(Grain.OP, 7), Advance(Grain.PHASE, 3), Advance(Grain.OP, 1), Back(Grain.STEP, 2),
        Advance(Grain.STEP, 12),
    )  # fmt: skip
    for move in moves:
        probe = Probe(asked)
        for weight in weights_of(probe)[:4]:
            whole(nudging(probe, weight, 1.0))
            whole(differencing(probe, weight))
            whole(curve(probe, weight, 3.0, points=5))
        for session in (asked, left_alone):
            session.do(move)
        assert asked.cursor == left_alone.cursor
        assert asked.actions == left_alone.actions
        ours, theirs = (session.machine_at(session.cursor) for session in (asked, left_alone))
        for one, other in (
            (ours.network.parameters.values, theirs.network.parameters.values),
            (ours.training.optimizer.state, theirs.training.optimizer.state),
            *zip(
                (array for _, array in ours.network.buffers()),
                (array for _, array in theirs.network.buffers()),
                strict=True,
            ),
        ):
            assert same_bits(one, other)
    for one_record, other_record in zip(asked.past(), left_alone.past(), strict=True):
        assert one_record.loss == other_record.loss
        assert one_record.held_out_accuracy == other_record.held_out_accuracy
    assert list(asked.events()) == list(left_alone.events())


def test_a_probe_shares_no_memory_with_the_session() -> None:
    session = session_of(normalization="batch")
    probe = Probe(session)
    network, own = session.network(), probe._own.network
    theirs = [network.parameters.values, network.parameters.gradients]
    theirs += [array for _, array in network.buffers()]
    theirs += [value for value in network.values if value is not None]
    mine = [own.parameters.values, own.parameters.gradients, own.values[0]]
    mine += [array for _, array in own.buffers()]
    assert not any(
        np.shares_memory(one, other) for one in mine if one is not None for other in theirs
    )


def test_a_pass_left_in_the_middle_does_no_harm() -> None:
    session = session_of(skip="highway", normalization="batch")
    probe = Probe(session)
    late, early = probe.largest(4, "weight"), probe.largest(1, "weight")
    wanted = {w: whole(probe.loss_at(w, probe.value(w) + 0.5)) for w in (late, early)}
    before = probe._store.values.copy()
    for ops in range(12):
        for left, asked in ((early, late), (late, early), (early, early)):
            passing = probe.loss_at(left, 7.0)
            for _ in range(ops):
                next(passing)
            assert same_bits(probe._store.values, before)
            assert whole(probe.loss_at(asked, probe.value(asked) + 0.5)) == wanted[asked]


def test_looking_again_takes_over_the_state_of_then() -> None:
    session = session_of(normalization="batch")
    probe = Probe(session)
    weight = probe.largest(2, "weight")
    seen = []
    for move in (Advance(Grain.STEP), Advance(Grain.OP, 3), Back(Grain.STEP, 2)):
        session.do(move)
        probe.look(session)
        fresh = Probe(session)
        assert probe.step == fresh.step == session.cursor.step
        assert probe.loss == fresh.loss == session.look().loss
        assert same_bits(probe._store.values, fresh._store.values)
        assert same_bits(probe._store.gradients, fresh._store.gradients)
        assert whole(probe.loss_at(weight, 0.5)) == whole(fresh.loss_at(weight, 0.5))
        seen.append(probe.loss)
    assert len(set(seen)) == 2


def test_float32_is_asked_in_its_own_format_and_in_float64() -> None:
    session = session_of(dtype="float32")
    probe = Probe(session)
    weight = probe.largest(3, "weight")
    value = probe.value(weight)
    assert whole(probe.loss_at(weight, value)) == probe.loss
    assert whole(probe.loss_at(weight, value + 0.5)) == loss_by_a_whole_pass(
        session, weight, value + 0.5
    )
    precise = whole(probe.precise_loss_at(weight, value))
    assert precise != probe.loss
    assert precise == pytest.approx(probe.loss, rel=1e-6)
    assert whole(differencing(probe, weight)).digits(probe.gradient(weight)) > 5.0


def test_the_largest_is_the_largest() -> None:
    probe = Probe(session_of())
    weight = probe.largest(2, "weight")
    assert abs(probe.gradient(weight)) == np.max(np.abs(probe.gradients(2, "weight")))
    assert str(weight) == f"layers.2.weight[{weight.index[0]}, {weight.index[1]}]"


def test_parameters_by_their_names() -> None:
    probe = Probe(
        session_of(skip="highway", normalization="batch", normalization_place="before-linear")
    )
    assert list(probe.parameters(2)) == [
        "weight", "norm.weight", "norm.bias", "bias", "gate.weight", "gate.bias",
    ]  # fmt: skip
    assert probe.parameters("output") == {"weight": (3, 8), "bias": (3,)}


@pytest.mark.parametrize(
    ("layer", "parameter", "index", "words"),
    [
        (6, "weight", (0, 0), "there is no layer 6; right are 1 to 5, and output"),
        (0, "weight", (0, 0), "there is no layer 0"),
        (2, "scale", (0,), 'layer 2 has no parameter "scale"; it has weight, bias'),
        (
            2,
            "weight",
            (0,),
            "index is 0, but weight of layer 2 has the shape (8, 8): right are two",
        ),
        (2, "weight", (8, 0), "right are two numbers, 0 to 7 and 0 to 7"),
        (2, "bias", (8,), "bias of layer 2 has the shape (8,): right is 0 to 7"),
        ("output", "weight", (0, -1), "weight of the output has the shape (3, 8)"),
    ],
)
def test_what_is_not_there_is_a_sentence(
    layer: Any, parameter: str, index: tuple[int, ...], words: str
) -> None:
    probe = Probe(session_of())
    with pytest.raises(InputError) as error:
        probe.weight(layer, parameter, index)
    assert words in str(error.value)
