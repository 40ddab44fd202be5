"""`gradsim map`: the picture, the file that is gone on with, JSON, clusters, and its sentences."""

import csv
import json
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import pytest

from gradsim.cli.main import run
from gradsim.insight.map.cells import Cell
from gradsim.insight.map.survey import Survey

SMALL = ["--x", "initializer-gain=0.5:3:4", "--y", "depth=2:4:3", "--width", "8"]
TANH = ["--activation", "tanh", "--initializer", "lecun-normal"]


def out(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").split("\n")[1:]))


def test_the_picture_has_axes_line_and_legend(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["map", *SMALL, *TANH, "--seed", "3"]) == 0
    text = out(capsys)
    assert "slope at step 0, decades per" in text
    assert "initializer-gain →" in text
    assert "depth ↑" in text
    assert "theory's critical line" in text
    assert "\x1b" not in text
    assert text.splitlines()[1].startswith("4  ")


def test_json_holds_every_cell_and_a_row_of_csv_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "map.csv"
    assert run(["map", *SMALL, *TANH, "--value", "reach", "--json", "-o", str(path)]) == 0
    told = json.loads(out(capsys))
    assert told["schema"] == "gradsim/map/1"
    assert told["experiment"]["activation"] == "tanh"
    assert (told["x"]["knob"], told["y"]["values"]) == ("initializer-gain", [2, 3, 4])
    cells = told["cells"]
    assert len(cells["x"]) == len(cells["slope"]) == 12
    assert "loss" not in cells
    kept = {(float(row["x"]), int(row["y"])): row for row in rows(path)}
    for index, place in enumerate(zip(cells["x"], cells["y"], strict=True)):
        row = kept[place]
        assert float(row["value"]) == float(row["reach_decades"]) == cells["reach_decades"][index]
        assert row["shape"] == cells["shape"][index]
    for point in told["critical_line"]:
        assert 0.5 < point["x"] < 3
        assert 2 <= point["y"] <= 4


def test_what_cannot_be_built_is_told_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    knobs = ["--x", "batch-size=1,4", "--y", "normalization=none,batch", "--depth", "2", "--json"]
    assert run(["map", *knobs]) == 0
    told = json.loads(out(capsys))
    (wrong,) = told["not_built"]
    assert (wrong["x"], wrong["y"]) == (1, "batch")
    assert "needs a batch-size of at least 2" in wrong["reason"]
    assert len(told["cells"]["x"]) == 3


def test_accuracy_is_measured_after_training(capsys: pytest.CaptureFixture[str]) -> None:
    knobs = ["--x", "learning-rate=1e-9,1", "--y", "depth=2", "--activation", "tanh"]
    assert run(["map", *knobs, "--value", "accuracy", "--steps", "30", "--json"]) == 0
    told = json.loads(out(capsys))
    assert told["steps"] == 30
    still, learned = told["cells"]["accuracy"]
    assert still < 0.3 < learned


def test_a_map_goes_on_where_its_file_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "map.csv"
    whole = ["map", *SMALL, "-o", str(path)]
    assert run(whole) == 0
    complete = {(row["x"], row["y"]): row["slope"] for row in rows(path)}
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 4 // 5])  # as kill -9 may leave it
    left = len(rows(path)) - (not path.read_bytes().endswith(b"\n"))
    capsys.readouterr()
    assert run(whole) == 0
    told = capsys.readouterr()
    assert f"{left} of 12 cells are known already" in told.err
    assert f"{12 - left} cells in" in told.err
    assert {(row["x"], row["y"]): row["slope"] for row in rows(path)} == complete
    before, shown = path.read_bytes(), told.out
    assert run(whole) == 0
    assert out(capsys) == shown
    assert path.read_bytes() == before


def test_another_experiment_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "map.csv"
    assert run(["map", *SMALL, "-o", str(path)]) == 0
    assert run(["map", *SMALL, "-o", str(path), "--activation", "relu"]) == 2
    assert "this is another map: its activation is sigmoid, not relu" in capsys.readouterr().err


def test_an_interrupt_keeps_what_was_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "map.csv"
    poll, calls = Survey.poll, 0

    def interrupted(survey: Survey) -> list[Cell]:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise KeyboardInterrupt
        return poll(survey)

    monkeypatch.setattr(Survey, "poll", interrupted)
    assert run(["map", *SMALL, "-o", str(path)]) == 130
    kept = len(rows(path))
    assert 0 < kept < 12
    assert f"{kept} of 12 cells are kept: the same command goes on" in capsys.readouterr().err


def test_a_worker_that_is_lost_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> Any:
        raise BrokenExecutor("gone")

    monkeypatch.setattr("gradsim.insight.workers.Workers.submit", breaks)
    path = tmp_path / "map.csv"
    assert run(["map", *SMALL, "-o", str(path)]) == 2
    told = capsys.readouterr().err
    assert "gradsim: a worker was lost" in told
    assert "0 of 12 cells are kept" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--x", "dept=1:2:3"], 'there is no knob "dept"; did you mean "depth"?'),
        (["--x", "depth=9:3:4"], "the first must be the smaller one"),
        (["--x", "depth=1:9:5"], "--x and --y are both depth"),
        (["--x", "seed=0:999:999", "--y", "depth=1:100:99"], "at most 10000 are measured"),
        (["--x", "leaky-slope=0:1:3"], "leaky-slope does nothing here, so it cannot vary"),
        (["--value", "sloop"], 'did you mean "slope"?'),
        (["--steps", "many"], "--steps is"),
        (["-o", "/nowhere/map.csv"], "/nowhere/map.csv: the map cannot be kept there"),
        (["--dask", "here"], '--dask is "here", but must be the address'),
        (["nope.toml"], "nope.toml: this is no file"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["map", *arguments]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_a_number_to_predict_has_no_accuracy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "prices.csv"
    data.write_text("size,price\n" + "".join(f"{k},{k * 1.5 + 0.25}\n" for k in range(300)))
    knobs = ["--data", str(data), "--loss", "mean-squared-error", "--value", "accuracy"]
    assert run(["map", *SMALL, *knobs]) == 2
    assert "has a number to predict: loss is right" in capsys.readouterr().err


def test_without_the_extra_a_cluster_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run(["map", *SMALL, "--dask", "tcp://127.0.0.1:1"]) == 2
    assert "pip install 'gradsim[dask]'" in capsys.readouterr().err


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a real cluster on this machine."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
        local_directory=str(tmp_path),
    ) as cluster:
        yield str(cluster.scheduler_address)


def test_a_cluster_measures_the_same_as_this_machine(
    scheduler: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["map", *SMALL, *TANH, "--json"]
    assert run([*asked, "--dask", scheduler]) == 0
    there = json.loads(out(capsys))["cells"]
    assert run(asked) == 0
    here = json.loads(out(capsys))["cells"]
    del there["seconds"], here["seconds"]
    assert there == here


def test_a_cluster_that_does_not_answer_or_has_no_workers_is_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("gradsim.cli.cluster.PATIENCE", "0.5s")
    assert run(["map", *SMALL, "--dask", "tcp://127.0.0.1:1"]) == 2
    assert "no scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err
    with distributed.LocalCluster(
        n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        assert run(["map", *SMALL, "--dask", cluster.scheduler_address]) == 2
    assert "has no workers: start some" in capsys.readouterr().err
