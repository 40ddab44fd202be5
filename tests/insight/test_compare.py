"""Comparing runs: the same numbers as the report of each run, and the knobs that differ."""

from typing import Any

import pytest
from helpers import experiment

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.insight.compare import STATE_COLUMNS, compare, differing
from gradsim.insight.report import report
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session


def small(**knobs: Any) -> Experiment:
    return experiment(**{"depth": 4, "width": 8, "batch_size": 16} | knobs)


def told(full: dict[str, Any]) -> dict[str, Any]:
    """What a comparison tells of a state, looked up in a report."""
    evidence = full["verdict"]["evidence"]
    return {
        "shape": full["verdict"]["shape"],
        "reach_decades": evidence["reach_decades"],
        "slope": evidence["slope"],
        **{n: full["history"][n][-1] for n in ("loss", "held_out_accuracy", "grad_norm")},
    }


def test_each_row_is_what_the_report_says_at_the_start_and_at_the_end() -> None:
    runs = [("a", small()), ("b", small(activation="tanh", learning_rate=0.1)), ("c", small())]
    seen: list[tuple[int, int]] = []
    data = compare(runs, 12, lambda index, done, _: seen.append((index, done)))
    assert data["steps"] == 12
    assert data["knobs"] == ["activation", "learning-rate"]
    assert [row["name"] for row in data["runs"]] == ["a", "b", "c"]
    assert data["runs"][1]["knobs"] == {"activation": "tanh", "learning-rate": 0.1}
    assert data["runs"][0] | {"name": "c"} == data["runs"][2]
    assert seen == [(index, done) for index in range(3) for done in range(1, 13)]
    for (_, declared), row in zip(runs, data["runs"], strict=True):
        session = Session(declared)
        assert row["start"] == told(report(session))
        session.do(Advance(Grain.STEP, 12))
        end = report(session)
        assert row["end"] == told(end)
        assert row["oscillation"] == end["oscillation"]
        assert tuple(row["end"]) == STATE_COLUMNS


def test_the_knobs_that_differ_are_those_on_which_any_two_do() -> None:
    assert differing([small(), small()]) == []
    some = [small(), small(), small(depth=3), small(activation="relu")]
    assert differing(some) == ["activation", "depth"]


def test_what_cannot_be_built_is_told_before_anything_is_trained() -> None:
    def tell(*_: object) -> None:
        raise AssertionError("trained")

    with pytest.raises(InputError, match="batch-size is 2000"):
        compare([("a", small()), ("b", small().switch({"batch-size": 2000}))], 3, tell)
