"""`gradsim run`: the names of its JSON, its CSV, its table, and numbers that are not finite."""

import csv
import json
from io import StringIO
from math import isnan
from typing import Any

import pytest

from gradsim.cli.main import run
from gradsim.experiment.experiment import KNOBS

SMALL = ["--depth", "3", "--width", "6", "--batch-size", "16"]


def result(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["run", *SMALL, *arguments]) == 0
    return capsys.readouterr().out


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    text = result(capsys, "--json", *arguments)
    loaded: dict[str, Any] = json.loads(text, parse_constant=no_constant)
    assert text.startswith('{\n  "schema": ')
    return loaded


def test_json_has_the_names_that_stay(capsys: pytest.CaptureFixture[str]) -> None:
    data = as_json(capsys, "--steps", "12", "--seed", "5", "--set", "activation=relu")
    assert {"schema", "experiment", "history", "layers", "verdict"} <= set(data)
    assert set(data["experiment"]) == set(KNOBS)
    assert data["experiment"]["activation"] == "relu"
    assert data["experiment"]["seed"] == 5
    names = {
        "step", "loss", "accuracy", "held_out_accuracy", "grad_norm", "clipped_grad_norm",
        "clip_coefficient", "clip_angle", "clip_fired", "learning_rate",
    }  # fmt: skip
    assert set(data["history"]) == names
    assert all(len(column) == 13 for column in data["history"].values())
    assert data["history"]["step"] == list(range(13))
    assert [row["layer"] for row in data["layers"]] == [1, 2, 3, "output"]
    for row in data["layers"]:
        assert set(row) == {
            "layer", "delta_norm", "output_grad_norm", "grad_weight_norm", "weight_norm",
            "update_norm", "update_ratio", "saturated", "dead",
            "grad_weight_max", "activation_mean", "activation_std", "output_norm",
        }  # fmt: skip
        assert all(isinstance(value, float) for name, value in row.items() if name != "layer")
    assert data["verdict"]["shape"] in {
        "vanishing", "exploding", "healthy", "dead", "not-finite",
    }  # fmt: skip
    assert {"shape", "notes", "evidence"} <= set(data["verdict"])


def test_zero_steps_show_the_untouched_start(capsys: pytest.CaptureFixture[str]) -> None:
    data = as_json(capsys, "--steps", "0")
    assert data["history"]["step"] == [0]
    assert data["layers"][0]["delta_norm"] > 0
    assert data["layers"][0]["update_norm"] is None
    assert data["nulls"]["layers.0.update_norm"] == "no update made yet"


def test_a_hundred_steps_where_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert as_json(capsys)["history"]["step"][-1] == 100


WILD = ("--activation", "relu", "--learning-rate", "1e120", "--steps", "5")


def test_numbers_that_are_not_finite_are_null_with_a_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = as_json(capsys, *WILD)
    assert data["verdict"]["shape"] == "not-finite"
    assert data["history"]["loss"][-1] is None
    assert data["layers"][0]["delta_norm"] is None
    places = [place for place in data["nulls"] if place.startswith("history.loss.")]
    assert places
    assert {data["nulls"][place] for place in places} <= {"not a number", "infinity"}
    assert data["nulls"]["layers.0.delta_norm"] in {"not a number", "infinity"}


def test_csv_parses_also_where_numbers_are_not_finite(capsys: pytest.CaptureFixture[str]) -> None:
    data = as_json(capsys, "--steps", "2")
    rows = list(csv.DictReader(StringIO(result(capsys, "--steps", "2", "--csv"))))
    assert [row["layer"] for row in rows] == ["1", "2", "3", "output"]
    for row, layer in zip(rows, data["layers"], strict=True):
        assert {name: float(row[name]) for name in row if name != "layer"} == {
            name: value for name, value in layer.items() if name != "layer"
        }
    history = list(csv.DictReader(StringIO(result(capsys, "--steps", "2", "--csv", "--history"))))
    assert [float(row["loss"]) for row in history] == data["history"]["loss"]
    wild = list(csv.DictReader(StringIO(result(capsys, *WILD, "--csv"))))
    assert isnan(float(wild[0]["delta_norm"]))
    assert wild[0]["delta_norm"] == "NaN"


def test_the_table_is_aligned_and_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    text = result(capsys, "--steps", "1", "--set", "initializer-gain=0.01")
    lines = text.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[0].startswith("knobs: ")
    assert "initializer-gain 0.01" in text
    head = next(n for n, line in enumerate(lines) if line.strip().startswith("layer "))
    rows = lines[head + 2 : head + 6]
    assert [row.split()[0] for row in rows] == ["1", "2", "3", "output"]
    assert len({len(row) for row in rows}) == 1
    assert len({len(row.split()) for row in rows}) == 1
    assert "vanishing: " in text


def test_before_the_first_update_the_table_has_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [line.split() for line in result(capsys, "--steps", "0").splitlines()]
    assert [row[4] for row in rows if row[:1] == ["output"]] == ["-"]


def test_the_table_names_what_is_not_finite(capsys: pytest.CaptureFixture[str]) -> None:
    text = result(capsys, *WILD)
    assert "NaN" in text
    assert "\nnot-finite: " in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--steps", "-1"], '--steps is "-1", but must be a whole number from 0 to 1000000'),
        (["--steps", "many"], '--steps is "many", but must be a whole number from 0 to 1000000'),
        (["--steps", "9" * 5000], "but must be a whole number from 0 to 1000000"),
        (["--json", "--csv"], "--json and --csv exclude each other: give one of them"),
        (["--history"], "--history goes with --csv only"),
        (
            ["--depth", "1000", "--width", "1024", "--batch-size", "1000"],
            "more than the 4 GiB allowed: lower depth, width or batch-size",
        ),
        (["--batch-size", "2000"], "it must be a whole number from 1 to 1438"),
    ],
)
def test_bad_requests(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_every_knob_is_an_option_with_its_help_and_choices(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["run", "--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    for name, knob in KNOBS.items():
        assert f"--{name} " in words
        assert "|".join(knob.choices) in words
        assert knob.help[1:].replace("-", "") in words.replace("- ", "").replace("-", "")


def test_until_stops_at_the_step_where_it_happens(capsys: pytest.CaptureFixture[str]) -> None:
    knobs = ("--activation", "relu", "--learning-rate", "0.1")
    whole = as_json(capsys, "--steps", "60", *knobs)["history"]["loss"]
    limit = sorted(whole)[30]
    first = next(k for k, loss in enumerate(whole) if loss < limit)
    data = as_json(capsys, "--steps", "60", *knobs, "--until", f"loss<{limit!r}", "--until", "clip")
    assert data["history"]["loss"] == whole[: first + 1]
    assert len(data["stopped"]) == 1
    assert data["stopped"][0].startswith(f"step {first}: loss is ")


def test_until_nothing_has_happened(capsys: pytest.CaptureFixture[str]) -> None:
    knobs = ("--depth", "3", "--width", "8", "--steps", "3")
    assert run(["run", *knobs, "--until", "not-finite", "--until", "step>=3"]) == 0
    assert "step 3: step is 3: step at least 3" in capsys.readouterr().err
    assert run(["run", *knobs, "--until", "not-finite", "--until", "clip"]) == 0
    said = capsys.readouterr().err
    assert "3 training steps in" in said
    assert "none of these has happened: not-finite, clip" in said


def test_what_is_no_condition_is_told_with_all_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "--until", "los<1", "--until", "delta_norm>1", "--until", "clip"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert 'did you mean "loss"?' in lines[0]
    assert "delta_norm is that of a layer" in lines[1]
    assert run(["run", "--until", "clip", "--vary", "seed=0,1"]) == 2
    assert "--until are of one run" in capsys.readouterr().err


def test_time_steps_have_rows_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    knobs = ["--cell", "gru", "--data", "digits-pixels", "--width", "4", "--steps", "1"]
    assert run(["run", *knobs, "--csv"]) == 0
    rows = list(csv.DictReader(StringIO(capsys.readouterr().out)))
    assert [(row["layer"], row["time"]) for row in rows] == [
        *(("1", str(time)) for time in range(1, 65)),
        ("output", ""),
    ]
    assert run(["run", *knobs]) == 0
    out = capsys.readouterr().out
    assert " 1@64 " in out
    assert " 1@63 " not in out
    assert "of 64 time steps" in out.replace("\n  ", " ")


def test_where_nan_began_is_told_as_diagnose_tells_it(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--depth", "4", "--activation", "relu", "--learning-rate", "1e120", "--steps", "4"]
    told = []
    for command in ("run", "diagnose"):
        run([command, *arguments])
        out = capsys.readouterr().out
        told.append(out[out.index("first cause: step ") : out.index("why: ")])
    assert told[0] == told[1]
    assert run(["run", "--depth", "2", "--steps", "1"]) == 0
    assert "first cause" not in capsys.readouterr().out
