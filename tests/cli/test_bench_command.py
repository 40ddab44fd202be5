"""`gradsim bench`: what it measures is the step that `run` does, and it tells the ratios of it."""

import json
from functools import partial

import pytest
from click.testing import CliRunner

from gradsim.cli.bench import bench
from gradsim.cli.contest.case import KINDS, Case, sized
from gradsim.cli.contest.rounds import Times, measured, ratio
from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment

SMALL = ["--size", "3x8x4", "--rounds", "2", "--without", "torch", "--without", "jax"]


def test_the_table_has_a_line_for_each_case() -> None:
    result = CliRunner().invoke(bench, [*SMALL, "--dtype", "float64"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["size", "kind", "dtype", "ours", "ms", "ours/bare"]
    assert [line.split()[:3] for line in lines[1:]] == [["3x8x4", k, "float64"] for k in KINDS]


def test_json_tells_seconds_and_ratios() -> None:
    result = CliRunner().invoke(bench, [*SMALL, "--kind", "plain", "--json"])
    cases = json.loads(result.stdout)["cases"]
    assert [case["dtype"] for case in cases] == ["float64", "float32"]
    assert set(cases[0]["seconds"]) == {"products", "gradsim"}
    assert cases[0]["ratios"]["ours/bare"]["best"] > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_the_network_it_says(kind: str) -> None:
    experiment = Experiment.of(Case(*sized("7x16x8"), kind=kind, dtype="float32").settings())
    assert (experiment.depth, experiment.width, experiment.batch_size) == (7, 16, 8)
    assert experiment.dtype == "float32"
    assert (experiment.normalization == "batch") == (kind == "full")
    assert (experiment.optimizer == "adam") == (kind == "full")


@pytest.mark.parametrize("text", ["10", "10x32", "0x3x3", "axbxc", "1x2x3x4"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="DEPTHxWIDTHxBATCH"):
        sized(text)


def test_contestants_take_turns_and_ratios_are_of_a_round() -> None:
    turns: list[str] = []
    times = measured({name: partial(turns.append, name) for name in ("a", "b")}, 2)
    assert set(turns) == {"a", "b"}
    assert all(len(t.seconds) == 2 for t in times.values())
    found = ratio(Times((2.0, 8.0, 3.0)), Times((1.0, 2.0, 3.0)))
    assert (found.best, found.median) == (2.0, 2.0)
    assert found.low <= found.median <= found.high
