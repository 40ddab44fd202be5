"""Numbers of a weight in an expectation: worked out only where they are asked for."""

import pytest

from gradsim.experiment.experiment import Experiment
from gradsim.insight.weight import whole
from gradsim.scenario.check import check
from gradsim.scenario.expecting import Measured
from gradsim.scenario.reading import parse
from gradsim.scenario.seen import seen
from gradsim.simulation.session import Session

HEAD = 'title = "t"\n[experiment]\ndepth = 3\nwidth = 4\nbatch-size = 8\n'


def session() -> Session:
    return Session(Experiment.of({"depth": 3, "width": 4, "batch-size": 8}))


@pytest.mark.parametrize(
    ("asked", "layers"),
    [
        ([{"quantity": "loss"}], set()),
        ([{"quantity": "ledger.decades"}], set()),
        ([{"quantity": "weight_gradient", "layer": 2}], {2}),
        ([{"quantity": "weight_gradient", "layers": "2-last"}], {2, 3}),
        (
            [
                {"quantity": "weight_gradient", "layer": "output"},
                {"quantity": "weight_difference", "layer": 1},
            ],
            {"output", 1},
        ),
    ],
)
def test_only_the_layers_asked_for(asked: list[dict[str, object]], layers: set[object]) -> None:
    numbers = whole(seen(session(), [Measured.model_validate(one) for one in asked]))
    assert set(numbers["weights"]) == layers
    assert numbers["history"]


def test_a_scenario_expects_both_slopes_to_agree_live_and_pinned() -> None:
    steps = """
[[steps]]
pin = true
[[steps]]
set = { activation = "tanh" }
[[steps]]
expect = { quantity = "difference_error", layers = "all", at-most = 1e-6 }
[[steps]]
expect = { quantity = "difference_error", layer = 3, run = "pinned", at-most = 1e-6 }
[[steps]]
expect = { quantity = "weight_gradient", layer = 3, equals = { quantity = "weight_difference", layer = 3 } }
[[steps]]
expect = { quantity = "weight_gradient", layer = 3, equals = { quantity = "weight_gradient", layer = 3, run = "pinned" } }
"""  # noqa: E501
    outcomes = check(parse(HEAD + steps, "f.toml")).outcomes
    assert [outcome.passed for outcome in outcomes] == [True, True, True, False]
