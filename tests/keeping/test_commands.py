"""The command that brings a state back: it does, to the bit."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradsim.cli.main import run
from gradsim.experiment.experiment import Experiment
from gradsim.keeping.commands import app_command, open_command, run_command
from gradsim.simulation import state
from gradsim.simulation.actions import Action, Advance, Back, Grain, Restart, Switch
from gradsim.simulation.session import Session

FILE = Path("/somewhere/a b.toml")


def session(*actions: Action, **knobs: Any) -> Session:
    it = Session(Experiment.of({"depth": 3, "width": 8} | knobs))
    for action in actions:
        it.do(action)
    return it


@pytest.mark.parametrize(
    ("actions", "knobs"),
    [
        ([Advance(Grain.STEP, 4)], {"activation": "relu", "learning-rate": 1e-05}),
        ([Advance(Grain.STEP, 2), Switch({"depth": 2}), Advance(Grain.STEP, 3)], {}),
        ([Switch({"activation": "tanh", "layers.2.activation": "relu"}), Advance(Grain.STEP)], {}),
        ([Advance(Grain.STEP, 2), Switch({"clip": "value"}), Restart(), Advance(Grain.STEP)], {}),
        ([Advance(Grain.STEP, 3), Switch({"clip": "value"}), Back(Grain.STEP, 2)], {}),
        ([Switch({"widths": "8,4"}), Advance(Grain.STEP, 2)], {}),
    ],
)
def test_a_straight_run_comes_back_by_its_flags(
    actions: list[Action], knobs: dict[str, Any], tmp_path: Path
) -> None:
    it = session(*actions, **knobs)
    command = shlex.split(run_command(it))
    saved = tmp_path / "state.npz"
    assert run([*command[1:], "--save", str(saved)]) == 0
    arrays = state.read_arrays(saved)
    for name, array in state.state_of(it).items():
        np.testing.assert_array_equal(arrays[name], array)


def test_the_app_is_opened_by_flags_where_they_suffice(tmp_path: Path) -> None:
    assert app_command(session(), None) == "gradsim --depth 3 --width 8"
    it = session(Advance(Grain.STEP, 2))
    assert app_command(it, FILE) == "gradsim --depth 3 --width 8 --steps 2"
    it.do(Switch({"activation": "relu"}))
    assert app_command(it, FILE) == "gradsim open '/somewhere/a b.toml'"
    assert app_command(it, None) == ""
    assert run_command(it) == ""
    state.save(it, tmp_path / "a.npz")
    saved = state.read(tmp_path / "a.npz")
    assert run_command(Session(saved.experiment, saved.origin)) == ""


def test_the_home_folder_is_written_short_where_a_shell_reads_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert open_command(tmp_path / "a" / "b.toml") == "gradsim open ~/a/b.toml"
    assert open_command(tmp_path / "a b.toml") == f"gradsim open '{tmp_path}/a b.toml'"
