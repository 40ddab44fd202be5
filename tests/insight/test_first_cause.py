"""The first cause, against a scan of its own: every array of the network, behind every op."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import experiment, training_of

from gradsim.experiment.batches import Batches
from gradsim.experiment.build import load_data
from gradsim.experiment.experiment import Experiment
from gradsim.insight.first_cause import FirstCause, finding, first_cause
from gradsim.insight.verdict import Shape, judge
from gradsim.nn.arrays import Array
from gradsim.simulation.actions import Advance, Back, Grain, Switch, Visit
from gradsim.simulation.events import Phase
from gradsim.simulation.session import Session
from gradsim.simulation.state import read, save
from gradsim.simulation.stepper import training_step
from gradsim.simulation.training import Training

RELU: dict[str, Any] = {"activation": "relu", "initializer": "he-normal"}


def trained(steps: int, **knobs: Any) -> Session:
    session = Session(experiment(**knobs))
    session.do(Advance(Grain.STEP, steps))
    return session


def arrays(training: Training) -> Iterator[Array]:
    """Every array there is."""
    network, store = training.network, training.network.parameters
    yield from (store.values, store.gradients, store.clipped, store.updates)
    yield training.optimizer.state
    yield from (array for _, array in network.buffers())
    yield from (array for array in network.values if array is not None)
    yield from (array for array in network.gradients if array is not None)
    yield from (array for sent in network.sent for array in sent)


def scanned(declared: Experiment, steps: int) -> tuple[int, int, Phase, Any] | None:
    """Step, ops done, phase and layer of the first event behind which an array is not finite."""
    data = load_data(declared)
    training = training_of(declared, data)
    batches = Batches(data, declared.batch_size, declared.seed, declared.dtype)
    for step in range(steps + 1):
        for done, event in enumerate(training_step(training, *batches.batch(step), step), start=1):
            broken = not all(np.isfinite(array).all() for array in arrays(training))
            if broken or (event.phase is Phase.LOSS and not np.isfinite(training.loss)):
                return step, done, event.phase, event.layer
            if step == steps and event.phase is Phase.CLIP:
                return None
    return None


CASES: dict[str, tuple[int, dict[str, Any]]] = {
    "too long steps": (12, RELU | {"learning_rate": 100.0}),
    "longer ones still": (5, RELU | {"learning_rate": 1e6, "skip": "residual"}),
    "forward in the first step": (0, RELU | {"initializer_gain": 1e200}),
    "and in float32": (2, RELU | {"initializer_gain": 1e25, "dtype": "float32"}),
    "backward in the first step": (
        0, {"activation": "relu", "normalization": "batch", "initializer_gain": 3.0,
            "dtype": "float32", "loss_factor": 3e37, "depth": 40},
    ),
    "the gradient of a weight": (
        0, {"activation": "relu", "initializer_gain": 30.0, "loss": "mean-squared-error",
            "loss_factor": 3e37, "dtype": "float32", "depth": 2, "width": 64, "batch_size": 1400},
    ),
    "the loss before anything else": (0, {"initializer_gain": 1e307, "depth": 2}),
    "a squared error": (0, {"loss": "mean-squared-error", "output.initializer-gain": 1e160}),
    "weights at their update": (3, {"learning_rate": 1e308, "loss_factor": 1e4, "depth": 2}),
    "squares in adam": (3, {"optimizer": "adam", "dtype": "float32", "loss_factor": 1e25}),
    "squares in rmsprop": (9, {"optimizer": "rmsprop", "dtype": "float32", "loss_factor": 1e25}),
    "variance in batch norm": (
        4, RELU | {"normalization": "batch", "dtype": "float32", "initializer_gain": 1e19},
    ),
    "mean in batch norm": (
        0, {"normalization": "batch", "dtype": "float32", "initializer_gain": 3e37},
    ),
    "mean in layer norm": (
        0, {"normalization": "layer", "dtype": "float32", "initializer_gain": 3e37},
    ),
    "root mean square": (
        0, {"normalization": "rms", "dtype": "float32", "initializer_gain": 3e37},
    ),
    "clipped by value": (
        3, {"activation": "relu", "initializer_gain": 30.0, "loss": "mean-squared-error",
            "loss_factor": 3e37, "dtype": "float32", "depth": 2, "width": 64, "batch_size": 1400,
            "clip": "value", "clip_threshold": 1e-3, "learning_rate": 1e-3},
    ),
    "clipped to nothing": (3, RELU | {"clip": "global-norm", "loss_factor": 1e308}),
    "along a dense skip": (9, RELU | {"skip": "dense", "learning_rate": 1e6}),
    "at a highway's gate": (6, RELU | {"skip": "highway", "learning_rate": 1e7}),
    "the update of the head": (3, {"learning_rate": 1e308, "depth": 3, "loss_factor": 10.0}),
    "momentum": (8, RELU | {"optimizer": "momentum", "learning_rate": 1e6, "skip": "residual"}),
    "weight norm": (9, RELU | {"normalization": "weight", "learning_rate": 1e4}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_first_op_is_that_of_a_scan(name: str) -> None:
    steps, knobs = CASES[name]
    own = {key: value for key, value in knobs.items() if "." in key}
    knobs = {key: value for key, value in knobs.items() if "." not in key}
    declared = experiment(**({"depth": 5, "width": 16} | knobs)).switch(own)
    session = Session(declared)
    session.do(Advance(Grain.STEP, steps))
    wanted, found = scanned(declared, steps), first_cause(session)
    assert wanted is not None, "the case must break"
    assert found is not None
    assert (found.step, found.op, found.phase, found.layer) == wanted
    assert found.nans + found.infinities > 0
    assert all(np.isfinite(given.largest) for given in found.given), "what went in was finite"
    assert f"step {found.step}, " in found.sentence


@pytest.mark.parametrize("seed", range(4))
def test_all_is_finite_where_a_scan_finds_nothing(seed: int) -> None:
    declared = experiment(depth=4, width=8, seed=seed, **RELU)
    session = Session(declared)
    session.do(Advance(Grain.STEP, 6))
    assert scanned(declared, 6) is None
    assert first_cause(session) is None


def caused(session: Session) -> FirstCause:
    found = first_cause(session)
    assert found is not None
    return found


def test_what_led_there_is_told() -> None:
    found = caused(trained(30, **RELU, learning_rate=0.5))
    way = " | ".join(found.way)
    assert "the gradient norm grew x" in way
    assert "learning rate 0.5" in way
    assert f"the weights of layer {found.layer} grew from" in way
    assert "on the way forward the norm grew from" in way
    assert found.what == "output"
    assert [given.name for given in found.given] == ["input", "weight", "bias"]


def test_long_after_it_happened_it_is_found_in_a_few_replays() -> None:
    """Adam's mean square overflows at step 0 and no norm shows it, for hundreds of steps."""
    knobs: dict[str, Any] = {"optimizer": "adam", "dtype": "float32", "loss_factor": 1e25}
    session = trained(300, depth=2, width=8, batch_size=8, **knobs)
    shape = judge(session.look(), session.experiment).shape
    assert shape is not Shape.NOT_FINITE
    assert all(row.broke_at is None for row in session.past())
    slices = 0
    search = finding(session)
    while True:
        try:
            next(search)
        except StopIteration as end:
            found: FirstCause = end.value
            break
        slices += 1
    assert (found.step, found.phase, found.what) == (0, Phase.UPDATE, "optimizer's state")
    ops = len(session.run.records[0].plan)
    assert slices < 40 * ops, "a search by halving, not a replay of 300 steps"


def test_the_cursor_decides_how_far_is_looked() -> None:
    session = trained(12, depth=5, width=16, **RELU, learning_rate=100.0)
    found = caused(session)
    session.do(Back(Grain.STEP, 12 - found.step + 1))
    assert first_cause(session) is None
    session.do(Advance(Grain.STEP))
    assert caused(session) == found


def test_one_can_go_there() -> None:
    session = trained(12, depth=5, width=16, **RELU, learning_rate=100.0)
    found = caused(session)
    plan = session.run.records[found.step].plan
    session.do(Visit(session.run.number, found.position(len(plan))))
    event = session.events()[-1]
    assert (event.step, event.phase, event.layer, event.op) == (
        found.step, found.phase, found.layer, found.name,
    )  # fmt: skip
    assert not np.isfinite(event.norm_out)
    assert np.isfinite(event.norm_in)
    assert caused(session) == found


def test_the_last_update_of_a_step_is_behind_it() -> None:
    found = FirstCause(
        3, 9, Phase.UPDATE, "output", "main", "sgd", "parameters", 0, 1, 9, (), (), "it broke"
    )
    assert found.position(9) == (4, 0)
    assert found.position(10) == (3, 9)


def test_weights_that_start_broken() -> None:
    found = caused(trained(0, depth=3, dtype="float32", initializer_gain=1e39))
    assert (found.step, found.op, found.phase, found.layer) == (0, 0, None, 1)
    assert found.what == "layers.1.weight"
    assert "initializer-gain 1.0e39 in float32, which ends at 3.4e38" in found.way[0]


def test_data_beyond_float32(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    rows = [f"{k},{k}e38,{k % 2}" for k in range(1, 21)]
    path.write_text("\n".join(["small,large,class", *rows]) + "\n")
    knobs: dict[str, Any] = {"data": str(path), "scaling": "raw", "batch_size": 16, "depth": 2}
    found = caused(trained(2, dtype="float32", **knobs))
    assert (found.step, found.phase, found.what) == (0, None, "input")
    assert "column 2" in found.way[0]
    assert first_cause(trained(0, depth=2, dtype="float64", data=str(path), batch_size=16)) is None


def test_a_state_that_was_loaded_broken(tmp_path: Path) -> None:
    session = trained(12, depth=5, width=16, **RELU, learning_rate=100.0)
    path = tmp_path / "broken.npz"
    save(session, path)
    state = read(path)
    found = caused(Session(state.experiment, state.origin))
    assert found.phase is None
    assert found.way == ("the state that was loaded holds it",)


def test_what_a_switch_let_go_of_is_still_found() -> None:
    """The running variance overflows at step 0; the normalization then is taken out."""
    knobs: dict[str, Any] = {"normalization": "batch", "dtype": "float32", "initializer_gain": 1e19}
    session = trained(2, depth=3, width=8, activation="tanh", **knobs)
    session.do(Switch({"normalization": "none"}))
    session.do(Advance(Grain.STEP, 2))
    found = caused(session)
    assert (found.step, found.what) == (0, "running_var")
