"""Saved states: what is in them, that training goes on from them, and what is refused."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import same_bits

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.simulation.actions import Advance, Grain, Restart, Switch, Undo
from gradsim.simulation.session import Session
from gradsim.simulation.state import NAMES, read, read_arrays, save, state_of

SMALL: dict[str, Any] = {"depth": 3, "width": 6, "batch-size": 8, "data": "two-spirals"}


def small(**knobs: Any) -> Experiment:
    return Experiment.of(SMALL | {name.replace("_", "-"): v for name, v in knobs.items()})


def after(experiment: Experiment, steps: int) -> Session:
    session = Session(experiment)
    session.do(Advance(Grain.STEP, steps))
    return session


def reloaded(session: Session, path: Path) -> Session:
    save(session, path)
    state = read(path)
    return Session(state.experiment, state.origin)


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"optimizer": "adam", "normalization": "batch", "activation": "prelu"},
        {"optimizer": "momentum", "skip": "highway", "schedule": "warm-up-cosine"},
        {"skip": "rezero", "normalization": "weight", "clip": "value", "clip-threshold": 0.01},
        {"skip": "dense", "normalization": "rms", "layers.2.activation": "gelu"},
        {"dtype": "float32", "optimizer": "rmsprop", "data": "sine", "loss": "huber"},
    ],
    ids=str,
)
def test_training_goes_on_to_the_same_bits(tmp_path: Path, knobs: dict[str, Any]) -> None:
    whole = after(small(**knobs), 12)
    half = reloaded(after(small(**knobs), 7), tmp_path / "state.npz")
    half.do(Advance(Grain.STEP, 5))
    wanted, got = state_of(whole), state_of(half)
    assert set(got) == set(wanted)
    for name, array in wanted.items():
        assert same_bits(np.asarray(got[name]), np.asarray(array)), name
    assert int(got["step"]) == 12


def test_all_arrays_are_of_one_moment(tmp_path: Path) -> None:
    """Loss and gradients are those of the parameters in the file, worked out by hand."""
    knobs = {"depth": 1, "activation": "tanh", "loss": "mean-squared-error", "loss-factor": 3.0}
    state = state_of(after(small(**knobs, clip="global-norm", clip_threshold=0.05), 4))
    x, target = state["input"], np.eye(2)[state["target"]]
    y = np.tanh(x @ state["layers.1.weight"].T + state["layers.1.bias"])
    output = y @ state["output.weight"].T + state["output.bias"]
    assert state["loss"] == pytest.approx(3.0 * np.mean((output - target) ** 2), rel=1e-13)
    delta = 6.0 * (output - target) / output.size
    np.testing.assert_allclose(state["delta.output"], delta, rtol=1e-12)
    np.testing.assert_allclose(state["grad.output.weight"], delta.T @ y, rtol=1e-11)
    back = (delta @ state["output.weight"]) * (1.0 - y * y)
    np.testing.assert_allclose(state["delta.1"], back, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(state["grad.layers.1.bias"], back.sum(axis=0), rtol=1e-10)
    names = [name for name in state if name.startswith("grad.")]
    norm = np.sqrt(sum(float(np.sum(state[name] ** 2)) for name in names))
    assert norm > 0.05
    for name in names:
        clipped = state[name] * (0.05 / (norm + 1e-6))
        np.testing.assert_allclose(state[f"clipped_{name}"], clipped, rtol=1e-12)


def test_in_the_middle_of_a_step_it_is_the_state_at_its_start() -> None:
    session = after(small(normalization="batch"), 3)
    wanted = state_of(session)
    session.do(Advance(Grain.OP, 5))
    cursor = session.cursor
    for name, array in state_of(session).items():
        assert same_bits(array, wanted[name]), name
    assert session.cursor == cursor


def test_every_name_is_explained() -> None:
    """Over networks that have every part: each array's name is a row of the table."""
    known = {name.replace(".3.", ".#.") for name in NAMES}
    for knobs in (
        {"skip": "highway", "normalization": "batch", "activation": "prelu"},
        {"skip": "rezero", "normalization": "weight", "optimizer": "adam"},
        {"skip": "residual", "clip": "value"},
    ):
        for name in state_of(after(small(**knobs), 1)):
            parts = name.split(".")
            lead = parts[0]
            if lead in ("grad", "clipped_grad", "delta") or name.startswith("optimizer."):
                stem = "optimizer.<name>" if lead == "optimizer" else f"{lead}.<"
                assert name in known or any(k.startswith(stem) for k in known), name
                continue
            generic = ".".join("#" if part.isdigit() else part for part in parts)
            assert generic in known, name


def test_a_switch_on_a_loaded_state_keeps_the_weights_and_a_restart_returns_to_them(
    tmp_path: Path,
) -> None:
    session = reloaded(after(small(), 5), tmp_path / "state.npz")
    start = session.network().parameters.values.copy()
    session.do(Advance(Grain.STEP, 2))
    session.do(Switch({"activation": "relu"}))
    session.do(Advance(Grain.STEP, 1))
    session.do(Restart())
    assert same_bits(session.network().parameters.values, start)
    assert int(state_of(session)["step"]) == 5
    session.do(Switch({"depth": 2}))
    assert session.run.origin is None
    assert int(state_of(session)["step"]) == 0
    session.do(Undo())
    assert same_bits(session.network().parameters.values, start)


def test_parameters_made_elsewhere_are_enough(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        "experiment": np.array(json.dumps({"depth": 1, "width": 3, "data": "xor"})),
        "layers.1.weight": np.ones((3, 2)),
        "layers.1.bias": np.zeros(3),
        "output.weight": np.full((2, 3), 0.5, np.float32),
        "output.bias": np.array([1, 2]),
    }
    path = tmp_path / "made.npz"
    np.savez(path, **arrays)
    state = read(path)
    store = Session(state.experiment, state.origin).network().parameters
    assert store.view("output.bias", store.values).tolist() == [1.0, 2.0]
    assert state.origin.step == 0


def broken(tmp_path: Path, change: dict[str, Any], drop: str = "") -> Path:
    arrays = state_of(after(small(), 1)) | change
    arrays.pop(drop, None)
    path = tmp_path / "state.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("change", "drop", "words"),
    [
        ({}, "experiment", "experiment is missing"),
        ({"experiment": np.array("{")}, "", "experiment is not JSON"),
        ({"experiment": np.array("[]")}, "", "experiment is not JSON"),
        ({"experiment": np.array('{"depht": 3}')}, "", "did you mean"),
        ({}, "layers.2.weight", "layers.2.weight is missing"),
        ({"layers.2.bias": np.zeros(7)}, "", r"layers.2.bias has the shape \(7,\), but"),
        ({"layers.2.bias": np.array(["a"] * 6)}, "", "must hold numbers"),
        ({"step": np.array(-1)}, "", "step must be a whole number"),
        ({"step": np.array(0.5)}, "", "step must be a whole number"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    tmp_path: Path, change: dict[str, Any], drop: str, words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read(broken(tmp_path, change, drop))
    assert "state.npz" in str(caught.value)


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_any_damage_is_read_or_refused_in_a_sentence(tmp_path: Path, write: Any) -> None:
    path, rng = tmp_path / "state.npz", np.random.default_rng(0)
    write(path, experiment=np.array("{}"), a=np.arange(300.0))
    whole, refused = path.read_bytes(), 0
    for _ in range(600):
        content = bytearray(whole)
        for place in rng.integers(len(content), size=rng.integers(1, 5)):
            content[place] = rng.choice([0, 1, 255, int(rng.integers(256))])
        path.write_bytes(content)
        try:
            read_arrays(path)
        except InputError:
            refused += 1
    assert refused > 300


@pytest.mark.parametrize(
    "head", ["{'descr': (), ", "{'descr'", "{('a'): 1}", "{'descr': '\\ud800'}"]
)
def test_a_head_that_is_none(tmp_path: Path, head: str) -> None:
    path = tmp_path / "state.npz"
    text = head.encode() + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text)
    with pytest.raises(InputError, match="is not a state"):
        read_arrays(path)


def test_files_that_are_no_states(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_arrays(tmp_path / "none.npz")
    with pytest.raises(InputError, match="is a directory"):
        read_arrays(tmp_path)
    path = tmp_path / "state.npz"
    save(after(small(), 1), path)
    whole = path.read_bytes()
    for content in (b"", b"PK\x03\x04", b"nonsense" * 100, whole[: len(whole) // 2], whole[5:]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"state\.npz is not a state|state\.npz cannot"):
            read(path)
    np.savez(path, experiment=np.array([object()]))
    with pytest.raises(InputError, match="is not a state"):
        read(path)


def test_a_failed_save_leaves_nothing_behind(tmp_path: Path) -> None:
    session = after(small(), 1)
    with pytest.raises(InputError, match="cannot be written"):
        save(session, tmp_path / "nowhere" / "state.npz")
    (tmp_path / "taken.npz").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        save(session, tmp_path / "taken.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.npz"]
