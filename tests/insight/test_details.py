"""The close look at a layer: counted by hand, at the edges of the number range."""

import json
from typing import Any

import numpy as np
import pytest

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.insight.details import KEYS, details, layers_of, summary
from gradsim.insight.report import jsonable
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session


def look(layer: Any, steps: int = 0, **knobs: Any) -> dict[str, Any]:
    settings = {name.replace("_", "-"): value for name, value in knobs.items()}
    session = Session(Experiment.of({"depth": 3, "width": 8, "batch-size": 16} | settings))
    session.do(Advance(Grain.STEP, steps))
    return details(session, layer)


def test_a_summary_by_hand() -> None:
    x = np.array([[0.0, 1.0, 2.0, np.nan], [5e-324, -3.0, np.inf, 4.0]])
    seen = summary(x)
    assert seen["zeros"] == 1
    assert seen["subnormals"] == 1
    assert seen["not_finite"] == 2
    assert seen["quantiles"][0] == -3.0
    assert seen["quantiles"][-1] == 4.0
    assert sum(seen["histogram"]["counts"]) == 6
    assert np.isnan(seen["norm"])


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1.0, 1e160, 1.7e308])
def test_a_summary_over_the_whole_range(size: float) -> None:
    x = size * np.linspace(-1.0, 1.0, 101)
    seen = summary(x)
    assert seen["std"] == pytest.approx(size * np.std(x / size), rel=1e-12)
    assert seen["largest"] == size
    assert seen["quantiles"][4] == pytest.approx(0.0, abs=1e-12 * size)
    edges, counts = seen["histogram"]["edges"], seen["histogram"]["counts"]
    assert edges[0] == -size
    assert edges[-1] == size
    assert sum(counts) == 101
    assert counts[0] in (5, 6)  # -1.00 to -0.92, and -0.90 on either side of an edge


def test_the_arrays_of_a_layer_are_its_own() -> None:
    seen = look(2, activation="relu", steps=2)
    assert set(seen["arrays"]) == {
        "pre_activation", "activation", "delta", "grad_weight", "weight", "grad_bias", "bias",
    }  # fmt: skip
    before, behind = seen["arrays"]["pre_activation"], seen["arrays"]["activation"]
    assert behind["quantiles"][0] == 0.0
    assert behind["largest"] == pytest.approx(max(0.0, before["quantiles"][-1]))
    assert seen["step"] == 2
    head = look("output")
    assert "activation" not in head["arrays"]
    assert head["dead_in_data"] == 0.0


def test_dead_over_the_data_is_no_more_than_dead_in_a_batch() -> None:
    seen = look(3, activation="relu", initializer="he-normal", bias_std=2.0, batch_size=2)
    assert seen["dead_in_batch"] > 0.0
    assert seen["dead_in_data"] <= seen["dead_in_batch"]
    # Weights of zero leave every unit where its bias puts it, for every row there is.
    still = look(1, activation="relu", initializer="zeros", bias_std=1.0, width=64)
    assert still["dead_in_data"] == still["dead_in_batch"]
    assert 0.2 < still["dead_in_data"] < 0.8


def test_looking_changes_nothing() -> None:
    settings = {"depth": 3, "width": 8, "batch-size": 16, "normalization": "batch"}
    plain, watched = (Session(Experiment.of(settings)) for _ in range(2))
    for _ in range(4):
        details(watched, 2)
        plain.do(Advance(Grain.STEP))
        watched.do(Advance(Grain.STEP))
    assert [r.loss for r in plain.past()] == [r.loss for r in watched.past()]


def test_it_is_fit_for_json_and_every_key_is_explained() -> None:
    seen = look(1, data="two-spirals")
    json.dumps(jsonable({"details": [seen]}), allow_nan=False)
    assert set(seen) <= set(KEYS)
    assert set(seen["arrays"]["delta"]) <= set(KEYS)


def test_which_layers() -> None:
    assert layers_of("all", 3) == [1, 2, 3, "output"]
    assert layers_of("1, 3,output", 3) == [1, 3, "output"]
    for wrong in ("0", "4", "x", "", "1,,2"):
        with pytest.raises(InputError, match="there is no layer"):
            layers_of(wrong, 3)
