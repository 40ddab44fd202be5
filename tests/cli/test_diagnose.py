"""`gradsim diagnose`: its exit codes, its words, and its JSON."""

import json
from pathlib import Path

import pytest

from gradsim.cli.main import run


def test_the_default_vanishes_by_the_slope_of_its_sigmoids(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["diagnose"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("vanishing: ")
    assert "most by activation" in out.replace("\n  ", " ")
    assert out.count("largest possible 0.25") == 20


def test_a_healthy_network_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "--activation", "relu", "--set", "initializer=he-normal"]) == 0
    assert capsys.readouterr().out.startswith("healthy: ")


def test_a_file_with_knobs_set_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[experiment]\ndepth = 4\nlayers.2.activation = "tanh"\n')
    assert run(["diagnose", str(path), "--json", "--depth", "3", "--steps", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["experiment"]["depth"] == 3
    assert found["experiment"]["layers.2.activation"] == "tanh"
    assert [block["last"] for block in found["ledger"]["blocks"]] == ["output", 3, 2, 1]
    hidden = found["ledger"]["blocks"][1:]
    assert sum(b["decades"] for b in hidden) == pytest.approx(found["ledger"]["decades"])
    assert sum(found["ledger"]["parts"].values()) == pytest.approx(found["ledger"]["decades"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope.toml"], "nope.toml: this is no file"),
        (["nope"], "nope"),
        (["--depth", "0"], "depth is"),
        (["--steps", "x"], "--steps is"),
    ],
)
def test_bad_input_is_a_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diagnose", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_scenario_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "skips-open-a-deep-sigmoid"]) == 1
    assert "layer 50 lost" in capsys.readouterr().out


def test_nothing_finite_has_its_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    knobs = ["--activation", "relu", "--initializer-gain", "1e200", "--steps", "2"]
    assert run(["diagnose", "--json", *knobs]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"]["shape"] == "not-finite"
    assert found["ledger"]["decades"] is None
    assert found["nulls"]


def test_where_the_nan_started(capsys: pytest.CaptureFixture[str]) -> None:
    knobs = ["--activation", "relu", "--initializer", "he-normal", "--learning-rate", "0.5"]
    assert run(["diagnose", *knobs, "--steps", "40"]) == 1
    out = capsys.readouterr().out.replace("\n  ", " ")
    assert "first cause: step 25, forward, linear of layer 2: output with " in out
    assert "the gradient norm grew x" in out
    assert run(["diagnose", *knobs, "--steps", "40", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["first_cause"]
    assert (found["step"], found["phase"], found["layer"]) == (25, "forward", 2)
    assert [given["name"] for given in found["given"]] == ["input", "weight", "bias"]
    assert run(["diagnose", "--json"]) == 1
    assert "first_cause" not in json.loads(capsys.readouterr().out)


def test_the_clip_advisor(capsys: pytest.CaptureFixture[str]) -> None:
    run(["diagnose", "--depth", "3", "--json", "--steps", "19", "--clip", "global-norm"])
    advice = json.loads(capsys.readouterr().out)["clip_advice"]
    assert advice["steps"] == 20
    assert [row["fired"] for row in advice["thresholds"]] == [0, 1, 4]
    assert list(advice["quantiles"]) == ["5", "25", "50", "75", "95", "99"]
    run(["diagnose", "--depth", "3"])
    assert "clipping: gradient norm" in capsys.readouterr().out
