"""`gradsim compare` and `gradsim run --vary`: what is compared, as table, JSON, CSV; bad input."""

import csv
import json
from io import StringIO
from math import isnan
from pathlib import Path
from typing import Any

import numpy
import pytest

from gradsim.cli.main import run

SMALL = "depth=3,width=6,batch-size=16"
FIRST = "sigmoid-starves-relu-repairs"


def out_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(list(arguments)) == 0
    return capsys.readouterr().out


def loaded(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(out_of(capsys, *arguments, "--json"))
    return data


def test_every_way_to_name_an_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("[experiment]\ndepth = 2\n", encoding="utf-8")
    (tmp_path / "a=b").write_text("[experiment]\ndepth = 4\n", encoding="utf-8")
    names = ["default", "mine.toml", FIRST, "a=b", "depth=3, activation = relu"]
    data = loaded(capsys, "compare", *names, "--steps", "0")
    assert data["schema"] == "gradsim/compare/1"
    assert [row["name"] for row in data["runs"]] == names
    assert [row["knobs"] for row in data["runs"]] == [
        {"activation": activation, "depth": depth}
        for activation, depth in (
            ("sigmoid", 20), ("sigmoid", 2), ("sigmoid", 20), ("sigmoid", 4), ("relu", 3),
        )
    ]  # fmt: skip
    assert data["runs"][0]["start"] == data["runs"][2]["start"]


def test_knobs_behind_a_name_are_set_on_it_and_knobs_alone_on_the_default_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("[experiment]\ndepth = 2\n", encoding="utf-8")
    names = ["mine.toml", "mine.toml,activation=relu", "activation=relu,width=8"]
    assert run(["compare", *names, "--steps", "0", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [list(row["knobs"].values()) for row in json.loads(out)["runs"]] == [
        ["sigmoid", 2, 64], ["relu", 2, 64], ["relu", 20, 8],
    ]  # fmt: skip
    assert err.startswith(
        f"{names[2]}: set on the default experiment; mine.toml,{names[2]} sets them on mine.toml\n"
    )
    assert run(["compare", "mine.toml", "mine.toml,activation=rleu", "default,x"]) == 2
    problems = capsys.readouterr().err.splitlines()
    assert problems[0].startswith('gradsim: mine.toml,activation=rleu: activation is "rleu", but')
    assert problems[1].startswith('gradsim: default,x: "x" is no knob with a value')


@pytest.mark.parametrize("command", ["run", "weight", "diagnose", "map"])
def test_each_command_takes_the_experiment_of_a_file_and_sets_knobs_anew(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[experiment]\ndepth = 3\nwidth = 5\nbatch-size = 16\n", encoding="utf-8")
    axes = ["--x", "seed=0,1", "--y", "width=5,6"] if command == "map" else ["--steps", "0"]
    assert run([command, str(path), "--activation", "tanh", *axes, "--json"]) in (0, 1)
    found = json.loads(capsys.readouterr().out)["experiment"]
    assert (found["depth"], found["width"], found["activation"]) == (3, 5, "tanh")


def test_a_state_has_an_experiment_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[experiment]\ndepth = 2\n", encoding="utf-8")
    assert run(["run", str(path), "--load", "state.npz"]) == 2
    assert capsys.readouterr().err == (
        f"gradsim: state.npz holds its own experiment: leave out {path}, or --load\n"
    )
    (tmp_path / "my.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert run(["diagnose", str(tmp_path / "my.csv")]) == 2
    assert "my.csv is data, but must be a TOML file; data goes" in capsys.readouterr().err
    numpy.savez(tmp_path / "my.npz", inputs=[[1.0]], targets=[1])
    assert run(["diagnose", str(tmp_path / "my.npz")]) == 2
    assert "my.npz is an archive, but must be a TOML file; data goes" in capsys.readouterr().err


def test_all_run_on_the_seed_of_the_first_and_this_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [f"{SMALL},seed=5", f"{SMALL},seed=6", SMALL]
    assert run(["compare", *names, "--steps", "2", "--json"]) == 0
    out, err = capsys.readouterr()
    data = json.loads(out)
    assert data["knobs"] == []
    assert data["runs"][0]["end"] == data["runs"][1]["end"] == data["runs"][2]["end"]
    assert f"seed 5, that of the first, for {names[1]}, {names[2]} too\n" in err
    assert run(["compare", names[0], names[0], "--steps", "0"]) == 0
    assert "seed" not in capsys.readouterr().err


def test_the_table_fits_80_columns_and_calls_long_names_by_letters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = [
        SMALL,
        f"{SMALL},activation=relu,initializer=he-normal",
        f"{SMALL},learning-rate=1e120",
    ]
    text = out_of(capsys, "compare", *names, "--steps", "3")
    lines = text.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert [line.split()[:2] for line in lines[2:8:2]] == [["A", "0"], ["B", "0"], ["C", "0"]]
    assert [line.split()[0] for line in lines[3:8:2]] == ["3"] * 3
    assert "NaN" in lines[7] or "inf" in lines[7]
    assert lines[8] == ""
    assert " ".join(text.split()).endswith(
        f"C, {names[2]}: activation sigmoid, initializer glorot-normal, learning-rate 1e+120"
    )


def test_vary_makes_the_product_in_its_order(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", "--depth", "3", "--width", "6", "--activation", "relu", "--steps", "2"]
    arguments += ["--vary", "activation=tanh, sigmoid,tanh", "--vary", "seed=1,2"]
    data = loaded(capsys, *arguments)
    assert [list(row["knobs"].values()) for row in data["runs"]] == [
        ["tanh", 1], ["tanh", 2], ["sigmoid", 1], ["sigmoid", 2],
    ]  # fmt: skip
    assert [row["name"] for row in data["runs"]] == [
        "tanh, 1",
        "tanh, 2",
        "sigmoid, 1",
        "sigmoid, 2",
    ]
    text = out_of(capsys, *arguments)
    lines = text.splitlines()
    assert len(lines) == 2 + 2 * 4
    assert [line[:13].strip() for line in lines[2::2]] == [row["name"] for row in data["runs"]]
    rows = list(csv.DictReader(StringIO(out_of(capsys, *arguments, "--csv"))))
    assert [(row["activation"], row["seed"]) for row in rows][:2] == [("tanh", "1"), ("tanh", "2")]
    for row, wanted in zip(rows, data["runs"], strict=True):
        assert float(row["end_loss"]) == wanted["end"]["loss"]
        assert row["start_shape"] == wanted["start"]["shape"]


def test_one_run_of_vary_is_what_run_says(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", "--depth", "3", "--width", "6", "--steps", "4"]
    (row,) = loaded(capsys, *arguments, "--vary", "activation=relu")["runs"]
    full = loaded(capsys, *arguments, "--activation", "relu")
    assert row["end"]["loss"] == full["history"]["loss"][-1]
    assert row["oscillation"] == full["oscillation"]


def test_what_is_not_finite_is_null_with_a_reason_and_named_in_csv(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["run", "--depth", "3", "--width", "6", "--steps", "5", "--set", "activation=relu"]
    arguments += ["--vary", "learning-rate=0.1,1e120"]
    data = loaded(capsys, *arguments)
    assert data["runs"][1]["end"]["loss"] is None
    assert data["nulls"]["runs.1.end.loss"] in {"not a number", "infinity"}
    rows = list(csv.DictReader(StringIO(out_of(capsys, *arguments, "--csv"))))
    assert isnan(float(rows[1]["oscillation"]))


def test_24_runs_are_the_most(capsys: pytest.CaptureFixture[str]) -> None:
    seeds = ",".join(str(seed) for seed in range(24))
    base = ["run", "--depth", "1", "--width", "1", "--steps", "0"]
    assert len(loaded(capsys, *base, "--vary", f"seed={seeds}")["runs"]) == 24
    assert run([*base, "--vary", f"seed={seeds},24"]) == 2
    assert capsys.readouterr() == (
        "",
        "gradsim: --vary asks for 25 runs, but at most 24 are made: take out some of the values\n",
    )
    assert run(["compare", *["default"] * 25]) == 2
    assert "compare takes 2 to 24 experiments, but has 25;" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "--vary", "activation"], '--vary is "activation", but must be KNOB=VALUE,VALUE'),
        (["run", "--vary", "activation=relu,,tanh"], "but must be KNOB=VALUE,VALUE, such as"),
        (["run", "--vary", "actvation=relu"], '--vary: there is no knob "actvation"; did you mean'),
        (["run", "--vary", "depth=2,0"], '--vary: depth is "0", but must be a whole number'),
        (["run", "--vary", "depth=2", "--vary", "depth=3"], "--vary: depth is varied twice"),
        (["run", "--vary", "depth=2", "--csv", "--history"], "--history is of one run"),
        (["run", "--vary", "batch-size=16,2000"], "batch-size is 2000, but digits has 1438 rows"),
        (["compare"], "compare takes 2 to 24 experiments, but has 0;"),
        (["compare", "default"], "compare takes 2 to 24 experiments, but has 1;"),
        (["compare", "default", "defalt"], 'activation=relu; did you mean "default"?'),
        (["compare", "default", "sigmoid-starves.toml"], f'did you mean "{FIRST}"?'),
        (["compare", "default", "depth=0"], 'depth=0: depth is "0", but must be a whole number'),
        (["compare", "default", "depth=3,relu"], 'depth=3,relu: "relu" is no knob with a value;'),
        (
            ["compare", "default", "dept=3"],
            'dept=3: there is no knob "dept"; did you mean "depth"?',
        ),
        (["compare", "default", "default", "--steps", "x"], '--steps is "x", but must be'),
        (["compare", "default", "no.toml"], "no.toml has no [experiment] table"),
        (["compare", "default", "flat.toml"], "flat.toml has no table `experiment`"),
        (["compare", "default", "bad.toml"], "bad.toml, line 2: depth is 0, but must be"),
        (["compare", "default", "big.toml"], "big.toml, line 1: batch-size is 9999, but digits"),
        (["compare", "default", "broken.toml"], "broken.toml, line 1: not valid TOML"),
        (["compare", "default", "."], ". is a directory"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "no": "depth = 3\n",
        "flat": "experiment = 3\n",
        "bad": "[experiment]\ndepth = 0\n",
        "big": "[experiment]\nbatch-size = 9999\n",
        "broken": "[experiment\n",
    }.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert len(err.splitlines()) == 1
