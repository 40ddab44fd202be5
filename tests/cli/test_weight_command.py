"""`gradsim weight`: its words, its JSON, its refusals."""

import json
from pathlib import Path

import pytest

from gradsim.cli.main import run
from gradsim.insight.study import KEYS

SMALL = ["weight", "--data", "wine", "--depth", "3", "--width", "6", "--batch-size", "16"]


def test_the_default_is_a_weight_that_no_digit_tells_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["weight"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("layer 1, weight[")
    assert "digits end at 4.4e-16" in out.replace("\n", " ")
    assert "too coarse to check a gradient as small as this" in out.replace("\n", " ")
    assert "tangent" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_json_has_the_numbers_and_the_curve(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [*SMALL, "--layer", "2", "--index", "5,3", "--nudge", "-1e-3", "--steps", "2", "--json"]
    assert run([*asked, "--activation", "tanh"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == set(KEYS)
    assert (found["schema"], found["step"]) == ("gradsim/weight/1", 2)
    assert (found["layer"], found["parameter"], found["index"]) == (2, "weight", [5, 3])
    assert found["experiment"]["activation"] == "tanh"
    nudge, slope, curve = found["nudge"], found["differences"], found["curve"]
    assert nudge["predicted"] == pytest.approx(-1e-3 * found["gradient"])
    assert nudge["real"] == pytest.approx(nudge["predicted"], rel=0.02)
    assert slope["central"] == pytest.approx(found["gradient"], rel=1e-6)
    assert slope["digits"] > 6
    assert len(curve["weight"]) == len(curve["loss"]) == len(curve["tangent"]) == 61
    middle = curve["weight"].index(found["value"])
    assert curve["loss"][middle] == curve["tangent"][middle] == found["loss"]
    rise = (curve["tangent"][-1] - found["loss"]) / (curve["weight"][-1] - found["value"])
    assert rise == pytest.approx(found["gradient"])
    assert found["nulls"] == {}
    assert "Made smaller by 0.001" in found["sentences"][0]


def test_without_an_index_it_is_the_largest(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for more in ([], ["--largest"]):
        assert run([*SMALL, "--layer", "output", "--parameter", "bias", *more]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert said[0].startswith("output, bias[")


def test_a_saved_state_is_asked_as_it_went_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = str(tmp_path / "state.npz")
    knobs = SMALL[1:]
    assert run(["run", *knobs, "--steps", "3", "--save", state]) == 0
    capsys.readouterr()
    found = []
    for arguments in (["weight", "--load", state], [*SMALL, "--steps", "3"]):
        assert run([*arguments, "--json", "--layer", "3"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    for key in ("value", "gradient", "loss", "curve", "index"):
        assert found[0][key] == found[1][key]


def test_what_is_not_finite_has_its_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    knobs = [*SMALL, "--activation", "relu", "--initializer-gain", "1e200", "--json"]
    assert run(knobs) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["loss"] is None
    assert found["nulls"]["loss"] == "not a number"
    assert run(knobs[:-1]) == 0
    assert "there is no slope anywhere" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--layer", "4"], '--layer is "4", but must be 1 to 3, or output'),
        (["--layer", "x"], '--layer is "x"'),
        (["--parameter", "scale"], 'layer 1 has no parameter "scale"; it has weight, bias'),
        (["--index", "6,0"], "index is 6,0, but weight of layer 1 has the shape (6, 13)"),
        (["--index", "1"], "right are two numbers, 0 to 5 and 0 to 12"),
        (["--index", "a,b"], '--index is "a,b", but must be whole numbers'),
        (["--index", "-1,0"], '--index is "-1,0", but must be whole numbers'),
        (["--index", "1,1", "--largest"], "--index and --largest exclude each other"),
        (["--nudge", "0"], '--nudge is "0", but must be a number other than 0'),
        (["--nudge", "inf"], "--nudge is"),
        (["--steps", "-1"], "--steps is"),
        (["--load", "nope.npz"], "nope.npz"),
        (["--depth", "0"], "depth is"),
    ],
)
def test_bad_input_is_a_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*SMALL, *arguments]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.out == ""
