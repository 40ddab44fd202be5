"""Values for single layers, and widths one by one."""

import json
from typing import Any

import pytest

from gradsim.errors import InputError
from gradsim.experiment.experiment import DEFAULTS, KNOBS, Experiment


def refused(**settings: Any) -> str:
    with pytest.raises(InputError) as caught:
        Experiment.of(settings.get("given", settings))
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def test_a_layer_has_its_own_value_and_the_others_the_common_one() -> None:
    e = Experiment.of({"layers.7.activation": "relu", "layers.3-5.width": "9"})
    assert [e.at(k)["activation"] for k in (6, 7, 8)] == ["sigmoid", "relu", "sigmoid"]
    assert [e.at(k)["width"] for k in (2, 3, 4, 5, 6)] == [64, 9, 9, 9, 64]
    assert e.value("layers.7.activation") == "relu"
    assert e.value("layers.6.activation") == "sigmoid"
    switched = e.switch({"activation": "tanh"})
    assert [switched.at(k)["activation"] for k in (6, 7)] == ["tanh", "relu"]


def test_tables_in_tables_as_toml_reads_them() -> None:
    nested = Experiment.of(
        {"layers": {"7": {"activation": "relu"}}, "output": {"initializer": "zeros"}}
    )
    assert nested == Experiment.of({"layers.7.activation": "relu", "output.initializer": "zeros"})
    assert nested.at("output")["initializer"] == "zeros"


def test_settings_are_read_back_as_they_were() -> None:
    e = Experiment.of({"depth": 9, "layers.7.activation": "prelu", "output.initializer-gain": 2})
    again = Experiment.of(json.loads(json.dumps(e.settings())))
    assert again == e
    assert again.settings() == e.settings()
    assert hash(again.overrides) == hash(e.overrides)


def test_inherit_takes_a_value_away() -> None:
    e = Experiment.of({"layers.2-3.activation": "relu"})
    less = e.switch({"layers.3.activation": "inherit"})
    assert less == Experiment.of({"layers.2.activation": "relu"})
    assert e.differs(less) == {"layers.3.activation": ("relu", "sigmoid")}
    assert less.differs(e) == {"layers.3.activation": ("sigmoid", "relu")}


def test_what_is_in_use() -> None:
    plain = Experiment.of({})
    assert not plain.in_use("leaky-slope")
    assert not plain.in_use("skip-order")
    assert plain.in_use("width")
    assert Experiment.of({"layers.3.activation": "leaky-relu"}).in_use("leaky-slope")
    assert not Experiment.of({"widths": "3,4"}).in_use("width")


def test_the_settings_of_parts_are_knobs_behind_their_part() -> None:
    names = list(KNOBS)
    assert names[names.index("activation") + 1] == "leaky-slope"
    assert names.index("clip") < names.index("clip-norm") < names.index("clip-threshold")
    assert DEFAULTS["adam-beta2"] == 0.999
    assert Experiment.of({"clip-norm": 2}).value("clip-norm") == "2"


def test_widths_decide_the_depth() -> None:
    e = Experiment.of({"widths": "30,20,10"})
    assert e.depth == 3
    assert [e.at(k)["width"] for k in (1, 2, 3)] == [30, 20, 10]
    assert Experiment.of({"widths": "30,20,10", "depth": 3}) == e
    assert e.switch({"widths": "7"}).depth == 1
    assert e.switch({"activation": "relu"}).depth == 3
    own = e.switch({"layers.2.width": 5})
    assert [own.at(k)["width"] for k in (1, 2, 3)] == [30, 5, 10]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"layers.21.activation": "relu"}, "depth is 20: there are layers 1 to 20"),
        ({"layers.0.activation": "relu"}, "there are layers 1 to 20"),
        ({"layers.5-3.activation": "relu"}, "the first number of a range must be the smaller one"),
        ({"layers.7.activaton": "relu"}, 'did you mean "activation"'),
        ({"layers.7.depth": 3}, "depth is the same for all layers"),
        ({"layers.7.activation": "rleu"}, 'layers.7.activation is "rleu", but must be one of'),
        ({"layers.7.width": 0}, "layers.7.width is 0, but must be a whole number from 1"),
        ({"layers.x.width": 3}, "layers.7.activation, layers.3-5.activation or output.initializer"),
        ({"layers.7": "relu"}, 'there is no knob "layers.7"'),
        ({"output.activation": "relu"}, "output.activation: the head has no activation of its own"),
        ({"widths": "3,4", "depth": 5}, "set depth to 2, or widths to nothing"),
        ({"widths": "3,,4"}, 'widths is "3,,4", but must be whole numbers'),
        ({"widths": "3,2000"}, "must be whole numbers from 1 to 1024"),
    ],
    ids=str,
)
def test_what_is_wrong_is_one_sentence(given: dict[str, Any], words: str) -> None:
    assert words in refused(given=given)


def test_fewer_layers_than_there_are_values_for() -> None:
    e = Experiment.of({"layers.7.activation": "relu"})
    with pytest.raises(InputError, match=r"layers\.7\.activation is set, but depth is 5"):
        e.switch({"depth": 5})
