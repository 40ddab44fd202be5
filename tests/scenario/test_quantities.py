"""The table of quantities and the report: the same names, each found where it stands."""

import json
from collections.abc import Iterator
from math import isnan
from typing import Any

import pytest

from gradsim.cli.main import run
from gradsim.experiment.experiment import Experiment
from gradsim.insight.report import HISTORY_COLUMNS, LAYER_NUMBERS, report
from gradsim.insight.steepest import ABOUT
from gradsim.insight.verdict import Shape
from gradsim.scenario.check import check
from gradsim.scenario.quantities import QUANTITIES, Part, measured, quantity_of
from gradsim.scenario.reading import parse
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session


def small(steps: int = 0) -> Session:
    session = Session(Experiment.of({"depth": 2, "width": 8, "batch-size": 8}))
    session.do(Advance(Grain.STEP, steps))
    return session


def test_the_names_are_those_of_the_report_and_none_is_missing() -> None:
    full = report(small())
    evidence = {k for k, value in full["verdict"]["evidence"].items() if isinstance(value, float)}
    wanted = {
        Part.HISTORY: set(full["history"]),
        Part.TOP: {name for name, value in full.items() if isinstance(value, float)},
        Part.LAYERS: set(full["layers"][0]) - {"layer"},
        Part.WEIGHTS: set(ABOUT),
        Part.EVIDENCE: evidence,
        Part.VERDICT: {"shape"},
        Part.NOTES: {"notes"},
        Part.TIME: set(report(through_time())["time"]),
        Part.THEORY: {k for k, value in full["theory"].items() if isinstance(value, float)},
    }
    for part, names in wanted.items():
        assert {name for name, q in QUANTITIES.items() if q.part is part} == names
    assert wanted[Part.HISTORY] == set(HISTORY_COLUMNS)
    assert wanted[Part.LAYERS] == set(LAYER_NUMBERS)
    assert all(quantity.about for quantity in QUANTITIES.values())


def test_each_is_measured_where_it_stands() -> None:
    full = report(small(3))
    assert measured(full, "step") == 3
    assert measured(full, "loss") == full["history"]["loss"][-1]
    assert measured(full, "oscillation") == full["oscillation"]
    assert measured(full, "delta_norm", 1) == full["layers"][0]["delta_norm"]
    assert measured(full, "delta_norm", "output") == full["layers"][2]["delta_norm"]
    assert measured(full, "reach") == full["verdict"]["evidence"]["reach"]
    assert measured(full, "shape") in list(Shape)


OF_LAYERS = [
    n for n, q in QUANTITIES.items() if not q.is_text and q.part not in (Part.TIME, Part.WEIGHTS)
]


def through_time() -> Session:
    knobs = {"cell": "lstm", "width": 4, "batch-size": 8, "data": "digits-rows"}
    return Session(Experiment.of(knobs))


def test_numbers_through_time_are_there_in_a_recurrent_network_only() -> None:
    full = report(through_time())
    for name, quantity in QUANTITIES.items():
        if quantity.part is Part.TIME:
            assert isnan(float(measured(report(small()), name)))
            # Neither theory nor a bound is known of an LSTM.
            unknown = name in ("predicted_time_factor", "factor_bound")
            assert isnan(float(measured(full, name))) == unknown
    assert measured(full, "time_steps") == 8
    rows = [row for row in full["layers"] if row["layer"] == 1]
    assert measured(full, "delta_norm", 1) == rows[0]["delta_norm"]
    assert measured(full, "delta_norm", 1, 5) == rows[4]["delta_norm"]
    assert isnan(float(measured(full, "delta_norm", 1, 9)))


@pytest.mark.parametrize("name", OF_LAYERS)
def test_every_number_is_a_number_from_the_first_step_on(name: str) -> None:
    layer = 1 if QUANTITIES[name].per_layer else None
    before, after = measured(report(small()), name, layer), measured(report(small(1)), name, layer)
    assert isinstance(after, float | int)
    assert not isnan(after)
    # Updates do not exist before the first, nor a change of the loss.
    assert isinstance(before, float | int)
    assert isnan(before) == (name.startswith("update") or name == "oscillation")


def leaves(found: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and text in plain values, by its path."""
    if isinstance(found, dict):
        for key, inner in found.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(found, list):
        for index, inner in enumerate(found):
            yield from leaves(inner, f"{path}.{index}")
    else:
        yield path, found


WHOLE = (
    ("run", "--steps", "2", "--depth", "3", "--clip", "global-norm"),
    ("run", "--skip", "residual-scaled", "--normalization", "batch", "--depth", "4",
     "--set", "layers.2.activation=relu"),
    ("run", "--cell", "lstm", "--data", "digits-rows", "--width", "4"),
    ("diagnose", "--steps", "4", "--depth", "3", "--clip", "value"),
    ("diagnose", "--activation", "relu", "--learning-rate", "1e200", "--steps", "3"),
)  # fmt: skip


@pytest.mark.parametrize("command", WHOLE, ids=" ".join)
def test_everything_that_json_prints_can_be_expected_by_its_path(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    run([*command, "--json"])
    printed = json.loads(capsys.readouterr().out)
    del printed["nulls"]
    for path, value in leaves(printed):
        quantity = quantity_of(path)
        assert quantity is not None, path
        found = measured(printed, path)
        if quantity.is_text:
            assert found == ("" if value is None else str(value)), path
        elif value is None:
            assert isnan(float(found)), path
        else:
            assert found == value, path


def test_a_path_that_leads_nowhere_is_not_a_number() -> None:
    full = report(small())
    assert isnan(float(measured(full, "ledger.blocks.99.decades")))
    assert isnan(float(measured(full, "history.loss.7")))
    assert measured(full, "wiring.0") == ""
    assert measured(full, "experiment.activation") == "sigmoid"
    with pytest.raises(KeyError):
        measured(full, "ledger.blocks.x.decades")


def test_what_is_worked_out_on_demand_is_there_for_an_expectation() -> None:
    text = 'title = "t"\n[experiment]\ndepth = 2\nwidth = 8\nbatch-size = 8\n'
    text += 'activation = "relu"\nlearning-rate = 1e200\n'
    text += "[[steps]]\nrun = { steps = 3 }\n"
    for claim in (
        'quantity = "first_cause.step", at-least = 0',
        'quantity = "first_cause.sentence", includes = "step"',
        'quantity = "clip_advice.steps", equals = 4',
        'quantity = "memory.used", above = 0',
        'quantity = "history.step.2", equals = 2',
    ):
        text += f"[[steps]]\nexpect = {{ {claim} }}\n"
    outcomes = check(parse(text, "f.toml")).outcomes
    assert [outcome.words() for outcome in outcomes if not outcome.passed] == []
    assert len(outcomes) == 5
