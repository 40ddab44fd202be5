"""The engine against numbers that PyTorch computed: `tests/reference/make_reference.py`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from formula import labels, rows, starting_value
from helpers import assert_close, bind_start, training_of

from gradsim.experiment.data import Data
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.arrays import Array
from gradsim.nn.losses import LOSSES
from gradsim.simulation.events import Phase
from gradsim.simulation.stepper import training_step
from gradsim.simulation.training import Training

STORED = Path(__file__).parent.parent / "reference" / "torch.npz"

TOLERANCE = 1e-10
"""Largest difference allowed, as a share of the largest entry of each array."""


def _read() -> tuple[dict[str, Any], dict[str, Array]]:
    with np.load(STORED, allow_pickle=False) as archive:
        layout, numbers = json.loads(str(archive["layout"])), archive["numbers"]
    pieces, start = {}, 0
    for name, shape in layout["pieces"]:
        size = int(np.prod(shape))
        pieces[name] = numbers[start : start + size].reshape(shape)
        start += size
    assert start == len(numbers)
    return layout, pieces


LAYOUT, PIECES = _read()

CASES = LAYOUT["cases"]


def case_id(number: int) -> str:
    case = CASES[number]
    plain = {"none", "sgd", "softmax-cross-entropy"}
    knobs = ("activation", "normalization", "skip", "loss", "optimizer", "clip")
    return " ".join([str(number), *(case[knob] for knob in knobs if case[knob] not in plain)])


def start(case: dict[str, Any]) -> tuple[Training, Data]:
    """The network of a case with the starting values that PyTorch was given."""
    knobs = {name: value for name, value in case.items() if name not in ("features", "brief")}
    declared = Experiment.of(knobs)
    inputs = rows(case["features"], LAYOUT["other-rows"], "other rows")
    train = rows(case["features"], case["batch-size"], "step 0")
    target = labels(case["batch-size"], LAYOUT["classes"])
    data = Data("toy", train, target, inputs, target, ("a", "b", "c"))
    training = training_of(declared, data)
    store = training.network.parameters
    for name, shape in store.shapes.items():
        store.view(name, store.values)[...] = starting_value(name, shape)
    return training, data


@pytest.mark.parametrize("number", range(len(CASES)), ids=case_id)
def test_training(number: int) -> None:
    case = CASES[number]
    wanted = {
        name.removeprefix(f"case.{number}."): array
        for name, array in PIECES.items()
        if name.startswith(f"case.{number}.")
    }
    training, data = start(case)
    network, store = training.network, training.network.parameters
    got: dict[str, Array] = {}
    losses, before, after = [], [], []
    for step in range(LAYOUT["steps"]):
        inputs = rows(case["features"], case["batch-size"], f"step {step}")
        for event in training_step(training, inputs, data.targets, step):
            if event.phase is Phase.LOSS:
                losses.append(event.norm_out)
            if event.phase is Phase.CLIP:
                before.append(event.norm_in)
                after.append(event.norm_out)
    got["loss"], got["norm_before"], got["norm_after"] = map(np.array, (losses, before, after))
    for name in store.shapes:
        got[f"gradient.{name}"] = store.view(name, store.gradients)
        got[f"parameter.{name}"] = store.view(name, store.values)
    for layer in network.layers:
        delta = network.gradients[layer.pre_activation]
        assert delta is not None
        got[f"delta.{layer.weight.removesuffix('.weight')}"] = delta
    got |= {f"buffer.{name}": array for name, array in network.buffers()}
    got["inferred"] = network.infer(data.held_out_inputs)
    if case["brief"]:
        got = {name: array for name, array in got.items() if name in wanted}
    assert set(got) == set(wanted)
    # Where batch norm follows, the gradient of a shift is zero but for rounding.
    largest = max(np.max(np.abs(a)) for n, a in wanted.items() if n.startswith("gradient."))
    for name, array in got.items():
        if case["normalization"] == "batch" and is_bias_before_norm(name):
            # Zero but for rounding on both sides, so that there is no size to compare with.
            for side in (array, wanted[name]):
                assert np.max(np.abs(side)) < 1e-12 * largest, name
            continue
        assert_close(array, wanted[name], TOLERANCE, name, 1e-15 * largest)


def is_bias_before_norm(name: str) -> bool:
    """Whether this is the gradient of a hidden layer's bias."""
    return name.startswith("gradient.layers.") and name.split(".")[3] == "bias"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name: str) -> None:
    key = f"activation.{name}"
    assert f"{key}.values" in PIECES, f"add {name} to make_reference.py and run it"
    grid = PIECES["grid"]
    op = ACTIVATIONS[name](1, grid.size, "float64")
    bind_start(op)
    assert_close(op.forward(grid.reshape(1, -1))[0], PIECES[f"{key}.values"], TOLERANCE)
    (slopes,) = op.backward(np.ones((1, grid.size)))
    assert_close(slopes[0], PIECES[f"{key}.slopes"], TOLERANCE)


@pytest.mark.parametrize("name", LOSSES)
def test_loss_of_extreme_outputs(name: str) -> None:
    key = f"loss.{name}"
    assert f"{key}.value" in PIECES, f"add {name} to make_reference.py and run it"
    logits = PIECES["logits"]
    count, classes = logits.shape
    loss = LOSSES[name](count, classes, "float64", 1.0)
    value = loss.forward(logits, labels(count, classes))
    assert_close(np.array(value), PIECES[f"{key}.value"], 1e-14)
    assert_close(loss.backward(), PIECES[f"{key}.gradient"], 1e-14)


@pytest.mark.parametrize(
    "knob",
    [
        "activation", "normalization", "skip", "loss", "optimizer", "clip", "schedule",
        "normalization-place", "skip-order", "skip-widths", "clip-norm", "normalization-learned",
    ],
)  # fmt: skip
def test_every_choice_is_compared(knob: str) -> None:
    missing = set(KNOBS[knob].choices) - {case[knob] for case in CASES}
    assert not missing, f"add {sorted(missing)} to the cases of make_reference.py and run it"


def test_global_norm_is_seen_firing_and_resting() -> None:
    fired = []
    for number, case in enumerate(CASES):
        if case["clip"] == "global-norm":
            before, after = (PIECES[f"case.{number}.norm_{when}"] for when in ("before", "after"))
            fired.append(set((after < before).tolist()))
    assert {True} in fired
    assert {False} in fired
    assert {True, False} in fired
