"""The stepper: which event comes when, and that its numbers are those of the real arrays."""

import itertools
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import pytest
from helpers import (
    assert_close,
    experiment,
    randomize,
    run_until,
    same_bits,
    toy_data,
    training_of,
)

from gradsim.experiment.experiment import KNOBS
from gradsim.nn.arrays import Array, Labels
from gradsim.simulation.events import Event, Phase
from gradsim.simulation.stepper import plan, run_step, training_step
from gradsim.simulation.training import Training

ROWS, CLASSES = 4, 3


def prepared(features: int = 3, **knobs: Any) -> tuple[Training, Array, Labels]:
    """A small network with random parameters, and a batch for it."""
    settings: dict[str, Any] = {"activation": "tanh", "depth": 3, "width": 5, "batch_size": ROWS}
    training = training_of(experiment(**(settings | knobs)), toy_data(features, CLASSES))
    randomize(training)
    rng = np.random.default_rng(7)
    return training, rng.normal(size=(ROWS, features)), rng.integers(CLASSES, size=ROWS)


def told(events: list[Event]) -> list[str]:
    return [f"{e.phase} {e.layer} {e.path} {e.op}" for e in events]


def array_norm(array: Array | None) -> float:
    assert array is not None
    return float(np.linalg.norm(array))


# -- order --------------------------------------------------------------------------------------


def test_order_of_a_plain_chain() -> None:
    training, inputs, target = prepared(depth=2)
    assert told(run_until(training, inputs, target, None)) == [
        "forward 1 main linear",
        "forward 1 main tanh",
        "forward 2 main linear",
        "forward 2 main tanh",
        "forward output main linear",
        "loss output main softmax-cross-entropy",
        "backward output main softmax-cross-entropy",
        "backward output main linear",
        "backward 2 main tanh",
        "backward 2 main linear",
        "backward 1 main tanh",
        "backward 1 main linear",
        "clip all main clip-none",
        "update 1 main sgd",
        "update 2 main sgd",
        "update output main sgd",
    ]


def test_order_with_normalization_skips_and_clipping() -> None:
    training, inputs, target = prepared(
        features=5, depth=2, normalization="batch", skip="residual", clip="global-norm"
    )
    layer_2 = ["linear", "batch", "tanh"]
    assert told(run_until(training, inputs, target, None)) == [
        *(f"forward 1 main {op}" for op in layer_2),
        "forward 1 main skip-join",
        "forward 1 skip skip-join",
        *(f"forward 2 main {op}" for op in layer_2),
        "forward 2 main skip-join",
        "forward 2 skip skip-join",
        "forward output main linear",
        "loss output main softmax-cross-entropy",
        "backward output main softmax-cross-entropy",
        "backward output main linear",
        "backward 2 main skip-join",
        "backward 2 skip skip-join",
        *(f"backward 2 main {op}" for op in reversed(layer_2)),
        "backward 2 main join",
        "backward 1 main skip-join",
        "backward 1 skip skip-join",
        *(f"backward 1 main {op}" for op in reversed(layer_2)),
        "backward 1 main join",
        "clip all main clip-global-norm",
        "update 1 main sgd",
        "update 2 main sgd",
        "update output main sgd",
    ]


@pytest.mark.parametrize("skip", KNOBS["skip"].choices)
@pytest.mark.parametrize("normalization", KNOBS["normalization"].choices)
@pytest.mark.parametrize("clip", KNOBS["clip"].choices)
@pytest.mark.parametrize("features", [3, 5])
def test_plan_is_what_happens(skip: str, normalization: str, clip: str, features: int) -> None:
    training, inputs, target = prepared(
        features=features, skip=skip, normalization=normalization, clip=clip
    )
    events = run_until(training, inputs, target, None, step=4)
    assert plan(training) == tuple((e.phase, e.layer, e.path, e.op) for e in events)
    assert {e.step for e in events} == {4}
    assert list(dict.fromkeys(e.phase for e in events)) == list(Phase)


# -- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("normalization", KNOBS["normalization"].choices)
@pytest.mark.parametrize("activation", KNOBS["activation"].choices)
def test_norms_telescope_on_a_chain(activation: str, normalization: str) -> None:
    training, inputs, target = prepared(activation=activation, normalization=normalization)
    events = run_until(training, inputs, target, None)
    for phase in (Phase.FORWARD, Phase.BACKWARD):
        chain = [e for e in events if e.phase is phase]
        assert len(chain) >= 7
        for one, after in itertools.pairwise(chain):
            assert after.norm_in == one.norm_out
    forward = [e for e in events if e.phase is Phase.FORWARD]
    (loss,) = (e for e in events if e.phase is Phase.LOSS)
    assert loss.norm_in == forward[-1].norm_out


@pytest.mark.parametrize("skip", KNOBS["skip"].choices)
@pytest.mark.parametrize("normalization", KNOBS["normalization"].choices)
def test_norms_are_those_of_the_arrays(skip: str, normalization: str) -> None:
    """Each event is checked at the moment it happens."""
    training, inputs, target = prepared(
        features=5, skip=skip, normalization=normalization, loss_factor=2.5
    )
    network = training.network
    steps = training_step(training, inputs, target, 0)

    def same(event: Event, norm_in: float, norm_out: float) -> None:
        assert event.norm_in == pytest.approx(norm_in, rel=1e-14, abs=0.0), event
        assert event.norm_out == pytest.approx(norm_out, rel=1e-14, abs=0.0), event

    for index, node in enumerate(network.nodes, start=1):
        for source in node.inputs:
            event = next(steps)
            same(event, array_norm(network.values[source]), array_norm(network.values[index]))
    event = next(steps)
    same(event, array_norm(network.values[-1]), training.loss)
    event = next(steps)
    same(event, 2.5, array_norm(network.gradients[-1]))
    arrived: dict[int, Array] = {}
    joined = 0
    for index in range(len(network.nodes), 0, -1):
        node = network.nodes[index - 1]
        incoming = array_norm(network.gradients[index])
        for source in node.inputs:
            event = next(steps)
            if source not in arrived:
                sent = network.gradients[source]
                assert sent is not None
                arrived[source] = sent.copy()
                same(event, incoming, array_norm(sent))
                continue
            arriving = event.norm_out
            assert event.norm_in == pytest.approx(incoming, rel=1e-14, abs=0.0)
            event = next(steps)
            total = network.gradients[source]
            assert event.op == "join"
            assert total is not None
            joined += 1
            same(event, arriving, array_norm(total))
            # What has arrived is the difference; taking it loses a few digits.
            brought = array_norm(total - arrived[source])
            assert arriving == pytest.approx(brought, rel=1e-12, abs=0.0)
            arrived[source] = total.copy()
    readers = [source for node in network.nodes for source in node.inputs]
    assert joined == len(readers) - len(set(readers))
    assert (joined == 0) == (skip == "none")
    store = network.parameters
    event = next(steps)
    same(event, array_norm(store.gradients), array_norm(store.clipped))
    for layer in network.layers:
        event = next(steps)
        same(event, array_norm(store.clipped[layer.part]), array_norm(store.updates[layer.part]))
    assert next(steps, None) is None


def test_where_paths_join_the_gradient_is_their_sum() -> None:
    training, inputs, target = prepared(features=5, depth=1, skip="residual-scaled")
    run_until(training, inputs, target, None)
    network = training.network
    names = [node.op.name for node in network.nodes]
    assert names == ["linear", "tanh", "skip-join", "linear"]
    to_join, to_inputs = network.gradients[3], network.gradients[0]
    delta = network.gradients[1]
    assert to_join is not None
    assert to_inputs is not None
    assert delta is not None
    store = network.parameters
    before = store.values - store.updates
    weight = store.view("layers.1.weight", before)
    assert_close(to_inputs, to_join / np.sqrt(2.0) + delta @ weight, 1e-14)


def test_loss_is_told_and_kept() -> None:
    training, inputs, target = prepared()
    assert np.isnan(training.loss)
    events = run_until(training, inputs, target, Phase.LOSS)
    assert events[-1].norm_out == training.loss
    output = training.network.values[-1]
    assert output is not None
    share = np.exp(output) / np.exp(output).sum(axis=1, keepdims=True)
    wanted = -np.log(share[np.arange(ROWS), target]).mean()
    assert training.loss == pytest.approx(wanted, rel=1e-14, abs=0.0)


@pytest.mark.parametrize("threshold", [1e-3, 1e3])
def test_clipping_is_told(threshold: float) -> None:
    training, inputs, target = prepared(clip="global-norm", clip_threshold=threshold)
    event = run_until(training, inputs, target, Phase.CLIP)[-1]
    store = training.network.parameters
    norm = float(np.linalg.norm(store.gradients))
    done = training.clipping
    assert done is not None
    assert done.fired is (threshold < norm)
    assert event.norm_in == done.norm_before == pytest.approx(norm, rel=1e-14, abs=0.0)
    wanted = norm * threshold / (norm + 1e-6) if done.fired else norm
    assert event.norm_out == done.norm_after == pytest.approx(wanted, rel=1e-13, abs=0.0)


# -- leaving and going on -----------------------------------------------------------------------


def filled(arrays: list[Array | None]) -> list[bool]:
    return [array is not None for array in arrays]


@pytest.mark.parametrize("skip", ["none", "residual"])
def test_leaving_midway_leaves_what_was_computed(skip: str) -> None:
    """After each event of a first step: exactly the values and gradients that were due are there,
    and exactly the layers told of have been updated."""
    count = len(plan(prepared(features=5, skip=skip)[0]))
    for stop in range(count + 1):
        training, inputs, target = prepared(features=5, skip=skip)
        network, store = training.network, training.network.parameters
        start = store.values.copy()
        steps = training_step(training, inputs, target, 0)
        events = [next(steps) for _ in range(stop)]
        assert isinstance(steps, Generator)
        steps.close()
        last = 0
        for event in events:
            forward_done = event.phase is Phase.FORWARD and event.path == "main"
            last += forward_done
        assert filled(network.values) == [k <= last if stop else False for k in range(last + 1)] + [
            False
        ] * (len(network.nodes) - last)
        due = set()
        if any(e.phase is Phase.BACKWARD for e in events):
            due.add(len(network.nodes))
        told_backward = [e for e in events if e.phase is Phase.BACKWARD and e.op != "join"][1:]
        # An op that has several paths has gone back on all of them once the first is told.
        paths = [node for node in reversed(network.nodes) for _ in node.inputs]
        due |= {source for node in paths[: len(told_backward)] for source in node.inputs}
        assert {k for k, there in enumerate(filled(network.gradients)) if there} == due
        updated = [e.layer for e in events if e.phase is Phase.UPDATE]
        for layer in network.layers:
            moved = not same_bits(store.values[layer.part], start[layer.part])
            assert moved is (layer.name in updated)
        assert np.isnan(training.loss) is not any(e.phase is Phase.LOSS for e in events)
        assert (training.clipping is None) is not any(e.phase is Phase.CLIP for e in events)


def test_a_step_taken_in_pieces_is_the_same_step() -> None:
    """Other work between two events, here another network's step, changes nothing."""
    results = []
    for interleaved in (False, True):
        training, inputs, target = prepared(skip="residual", normalization="batch")
        other, other_inputs, other_target = prepared(depth=5)
        between: Iterator[Event] = iter(())
        if interleaved:
            between = training_step(other, other_inputs, other_target, 0)
        events = []
        for event in training_step(training, inputs, target, 0):
            events.append(event)
            next(between, None)
        buffers = [array.copy() for _, array in training.network.buffers()]
        results.append((events, training.network.parameters.values.copy(), buffers))
    (plain, values, buffers), (mixed, mixed_values, mixed_buffers) = results
    assert plain == mixed
    assert same_bits(values, mixed_values)
    assert all(same_bits(a, b) for a, b in zip(buffers, mixed_buffers, strict=True))


def test_the_batch_is_not_changed() -> None:
    training, inputs, target = prepared(features=5, skip="residual")
    inputs_before, target_before = inputs.copy(), target.copy()
    run_until(training, inputs, target, None)
    assert same_bits(inputs, inputs_before)
    assert same_bits(target, target_before)


def test_overflow_is_a_result_and_numpy_is_left_as_it_was() -> None:
    training, inputs, target = prepared(activation="relu", learning_rate=1e200)
    with np.errstate(all="raise"):
        wanted = np.geterr()
        for step in range(3):
            for _ in training_step(training, inputs, target, step):
                assert np.geterr() == wanted
    assert not np.isfinite(training.loss)


def test_learning_rate_zero_moves_nothing() -> None:
    training, inputs, target = prepared(learning_rate=0.0)
    start = training.network.parameters.values.copy()
    events = run_until(training, inputs, target, None)
    assert same_bits(training.network.parameters.values, start)
    assert [e.norm_out for e in events if e.phase is Phase.UPDATE] == [0.0] * 4


@pytest.mark.parametrize("skip", ["none", "residual", "highway"])
def test_a_step_that_nobody_watches_makes_the_same_bits(skip: str) -> None:
    """Also where numbers leave the range: the last step starts with some huge weights."""
    watched, inputs, target = prepared(skip=skip, normalization="batch", clip="value")
    unwatched, *_ = prepared(skip=skip, normalization="batch", clip="value")
    for step in range(3):
        run_until(watched, inputs, target, None, step)
        run_step(unwatched, inputs, target, step)
        assert same_bits(watched.network.parameters.values, unwatched.network.parameters.values)
        assert str(watched.loss) == str(unwatched.loss)
        if step == 1:
            watched.network.parameters.values[::7] *= 1e308
            unwatched.network.parameters.values[::7] *= 1e308
    assert not np.isfinite(watched.network.parameters.values).all()
