"""Recurrent networks against PyTorch's own: `tests/reference/make_recurrent.py`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from formula import labels, rows, starting_value
from helpers import assert_close, training_of

from gradsim.experiment.data import Data
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.nn.arrays import Array
from gradsim.simulation.stepper import run_step

STORED = Path(__file__).parent.parent / "reference" / "recurrent.npz"

TOLERANCE = 1e-10
"""Largest difference allowed, as a share of the largest entry of each array."""


def _read() -> tuple[dict[str, Any], dict[str, Array]]:
    with np.load(STORED, allow_pickle=False) as archive:
        layout, numbers = json.loads(str(archive["layout"])), archive["numbers"]
    sizes = [int(np.prod(shape)) for _, shape in layout["pieces"]]
    cuts = np.split(numbers, np.cumsum(sizes)[:-1])
    return layout, {
        name: cut.reshape(shape) for (name, shape), cut in zip(layout["pieces"], cuts, strict=True)
    }


LAYOUT, PIECES = _read()


def case_id(number: int) -> str:
    return " ".join(str(value) for value in LAYOUT["cases"][number].values())


@pytest.mark.parametrize("number", range(len(LAYOUT["cases"])), ids=case_id)
def test_training(number: int) -> None:
    case = dict(LAYOUT["cases"][number])
    time, batch, classes = case.pop("time-steps"), LAYOUT["batch"], LAYOUT["classes"]
    declared = Experiment.of(
        case | {"width": LAYOUT["width"], "batch-size": batch, "learning-rate": 0.1}
    )
    every = case["readout"] == "every"
    inputs = rows(time * LAYOUT["features"], batch, "step 0")
    target = labels(batch * (time if every else 1), classes)
    names = tuple("abc"[:classes])
    data = Data("toy", inputs, target, inputs, target, names, steps=time, per_step=every)
    training = training_of(declared, data)
    store = training.network.parameters
    for name, shape in store.shapes.items():
        store.view(name, store.values)[...] = starting_value(name, shape)
    losses = []
    for step in range(LAYOUT["steps"]):
        run_step(training, rows(time * LAYOUT["features"], batch, f"step {step}"), target, step)
        losses.append(training.loss)
    output = training.network.values[-1]
    assert output is not None
    got = {"loss": np.array(losses), "output": output}
    for name in store.shapes:
        got[f"gradient.{name}"] = store.view(name, store.gradients)
        got[f"parameter.{name}"] = store.view(name, store.values)
    wanted = {
        name.removeprefix(f"{number}."): array
        for name, array in PIECES.items()
        if name.startswith(f"{number}.")
    }
    assert set(got) == set(wanted)
    for name, array in got.items():
        assert_close(array, wanted[name], TOLERANCE, name, 1e-15)


@pytest.mark.parametrize("knob", ["cell", "readout"])
def test_every_choice_is_compared(knob: str) -> None:
    missing = set(KNOBS[knob].choices) - {"none"} - {case[knob] for case in LAYOUT["cases"]}
    assert not missing, f"add {sorted(missing)} to the cases of make_recurrent.py and run it"
