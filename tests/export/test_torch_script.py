"""The PyTorch script: valid Python for every network, and, where PyTorch is there, it agrees."""

import random
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from gradsim.errors import InputError
from gradsim.experiment.build import load_data
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.export.torch import script
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session
from gradsim.simulation.state import save

FIXED = frozenset(
    {"data", "target", "scaling", "seed", "dtype", "widths", "initializer", "cell", "readout"}
)
"""Knobs that the random networks leave alone, or draw from a shorter list."""


def random_experiment(rng: random.Random) -> Experiment:
    """Any network: all choices at random, some layers with a value of their own."""
    while True:
        knobs: dict[str, Any] = {
            name: rng.choice(list(knob.choices))
            for name, knob in KNOBS.items()
            if knob.choices and name not in FIXED and rng.random() < 0.7
        }
        knobs |= {
            "data": rng.choice(["digits", "two-spirals", "wine", "sine"]),
            "depth": rng.choice([1, 2, 3, 5, 7]),
            "width": rng.choice([2, 4, 6]),
            "batch-size": rng.choice([3, 8]),
            "skip-every": rng.choice([1, 2, 3]),
            "bias-std": 0.1,
            "loss-factor": rng.choice([1, 3.5]),
        }
        for _ in range(rng.choice([0, 1, 2])):
            layer = rng.randint(1, knobs["depth"])
            knob = rng.choice(["activation", "normalization", "skip"])
            knobs[f"layers.{layer}.{knob}"] = rng.choice(list(KNOBS[knob].choices))
        knobs["layers.1.width"] = rng.choice([3, 4])
        try:
            experiment = Experiment.of(knobs)
            Session(experiment)
        except InputError:  # this loss does not fit this data, for example
            continue
        return experiment


@pytest.mark.parametrize("seed", range(60))
def test_the_script_is_valid_and_short(seed: int) -> None:
    experiment = random_experiment(random.Random(seed))
    text = script(experiment, 4, 3, "state.npz")
    code = compile(text, "script.py", "exec")
    assert "Network" in code.co_names or "Network" in str(code.co_consts)
    assert "{" not in text.split("def make_optimizer")[0].replace("{}", "").split("layers = ")[1]


def test_equal_layers_are_a_loop() -> None:
    deep = script(Experiment.of({"depth": 1000}), 64, 10, "state.npz")
    assert len(deep.splitlines()) < 130
    assert "for k in range(1, 1001):" in deep
    one = script(Experiment.of({"depth": 1000, "layers.500.activation": "relu"}), 64, 10, "s.npz")
    assert 'layers["500"] = Layer(64, 64, activation=torch.nn.ReLU())' in one


def test_the_settings_of_the_experiment_stand_in_it() -> None:
    text = script(
        Experiment.of(
            {
                "activation": "leaky-relu",
                "leaky-slope": 0.125,
                "normalization": "group",
                "groups": 8,
                "skip": "residual-factor",
                "skip-factor": 0.375,
                "clip": "global-norm",
                "clip-threshold": 0.75,
                "clip-norm": "inf",
                "optimizer": "adamw",
                "adamw-decay": 0.0625,
                "loss-factor": 5.5,
            }
        ),
        64,
        10,
        "state.npz",
    )
    for words in (
        "torch.nn.LeakyReLU(0.125)",
        "torch.nn.GroupNorm(8, 64, affine=True)",
        "x = x + 0.375 * f",
        "torch.nn.utils.clip_grad_norm_(p, 0.75, norm_type=float('inf'))",
        "weight_decay=0.0625",
        " * 5.5",
    ):
        assert words in text


@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("seed", range(12))
def test_pytorch_agrees(seed: int, tmp_path: Path) -> None:
    experiment = random_experiment(random.Random(1000 + seed))
    session = Session(experiment)
    session.do(Advance(Grain.STEP, seed % 3))
    state = tmp_path / "state.npz"
    save(session, state)
    features = session.run.data.features
    text = script(experiment, features, session.run.data.outputs, str(state))
    (tmp_path / "script.py").write_text(text)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr + repr(experiment.settings())


RECURRENT: list[dict[str, Any]] = [
    {"cell": "rnn", "activation": "tanh"},
    {"cell": "rnn", "activation": "prelu", "normalization": "layer", "recurrent-layers": 2},
    {"cell": "gru", "readout": "every", "recurrent-layers": 2},
    {"cell": "gru", "normalization": "rms", "truncation": 3},
    {"cell": "lstm", "forget-bias": 1.0, "clip": "global-norm", "clip-threshold": 0.1},
    {"cell": "lstm", "normalization": "group", "readout": "every", "layers.1.width": 6},
]


def recurrent(knobs: dict[str, Any]) -> Experiment:
    return Experiment.of(
        {"data": "digits-rows", "width": 8, "batch-size": 12, "bias-std": 0.2} | knobs
    )


@pytest.mark.parametrize("number", range(len(RECURRENT)))
def test_a_recurrent_script_is_valid_and_takes_the_built_in_cell_where_it_can(number: int) -> None:
    experiment = recurrent(RECURRENT[number])
    text = script(experiment, 64, 10, "state.npz", load_data(experiment))
    compile(text, "script.py", "exec")
    assert ("batch_first=True" in text) == (number in (0, 2, 4))
    assert "{{" not in text


@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("number", range(len(RECURRENT)))
def test_a_recurrent_script_agrees_in_pytorch(number: int, tmp_path: Path) -> None:
    session = Session(recurrent(RECURRENT[number]))
    session.do(Advance(Grain.STEP, 3))
    state, code = tmp_path / "state.npz", tmp_path / "network.py"
    save(session, state)
    experiment = session.experiment
    code.write_text(script(experiment, 64, 10, str(state), load_data(experiment)))
    done = subprocess.run([sys.executable, str(code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
