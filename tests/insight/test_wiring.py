"""What is said of skips whose ends differ in width."""

import pytest

from gradsim.experiment.experiment import Experiment
from gradsim.insight.wiring import skip_notes


@pytest.mark.parametrize(
    ("bridge", "words"),
    [
        ("projection", "the skip around layer 1 is a learned projection from 2 to 8 units"),
        ("padding", "the skip around layer 1 is filled up with zeros, from 2 to 8 units"),
        ("none", "no skip around layer 1: its ends differ in width"),
    ],
)
def test_one_sentence_for_each_skip_that_does_not_fit(bridge: str, words: str) -> None:
    knobs = {"depth": 3, "width": 8, "skip": "residual", "skip-widths": bridge}
    assert skip_notes(Experiment.of(knobs), 2) == [words]
    assert skip_notes(Experiment.of(knobs), 8) == []


def test_blocks_and_layers_of_their_own_width() -> None:
    knobs = {"widths": "8,8,4,4", "skip": "highway", "skip-every": 2, "skip-widths": "padding"}
    assert skip_notes(Experiment.of(knobs), 8) == [
        "the skip around layers 3 to 4 is cut off, from 8 to 4 units"
    ]
    assert skip_notes(Experiment.of({"widths": "8,4", "skip": "dense"}), 8) == []
    assert skip_notes(Experiment.of({"widths": "8,4"}), 8) == []
