"""The table of quantities and the report: the same names, each found where it stands."""

from math import isnan

import pytest

from gradsim.experiment.experiment import Experiment
from gradsim.insight.report import HISTORY_COLUMNS, LAYER_NUMBERS, report
from gradsim.insight.verdict import Shape
from gradsim.scenario.quantities import QUANTITIES, Part, measured
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


OF_LAYERS = [n for n, q in QUANTITIES.items() if not q.is_text and q.part is not Part.TIME]


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
