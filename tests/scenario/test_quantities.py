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


@pytest.mark.parametrize("name", [n for n, q in QUANTITIES.items() if not q.is_text])
def test_every_number_is_a_number_from_the_first_step_on(name: str) -> None:
    layer = 1 if QUANTITIES[name].per_layer else None
    before, after = measured(report(small()), name, layer), measured(report(small(1)), name, layer)
    assert isinstance(after, float | int)
    assert not isnan(after)
    # Updates do not exist before the first, nor a change of the loss.
    assert isinstance(before, float | int)
    assert isnan(before) == (name.startswith("update") or name == "oscillation")
