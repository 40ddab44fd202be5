"""Numbers that a lesson's words give and no quantity of a report has: measured here."""

import numpy as np
import pytest

from gradsim.insight.layer import capture
from gradsim.insight.weight import whole
from gradsim.nn.arrays import Array
from gradsim.scenario.player import Player
from gradsim.scenario.shelf import find
from gradsim.scenario.steps import Say


def activations(lesson: str, words: str, layer: int) -> Array:
    """What a layer gives out, a row for each example, where a lesson says these words."""
    player = Player(find(lesson))
    while words not in player.narration:
        assert player.upcoming is not None, f"{lesson} does not say {words!r}"
        player.do_next()
    assert isinstance(player.scenario.steps[player.index - 1], Say)
    session = player.session
    machine = whole(session.going_to_gradients(session.cursor.step))
    arrays = capture(machine, session.cursor.step, layer, None).arrays
    return next(entries for name, _, _, entries in arrays if name == "activation")


def between_examples(given_out: Array) -> float:
    """How far a unit's values for the examples of a batch lie apart: their std, on average."""
    return float(given_out.std(axis=0).mean())


def test_deep_sigmoids_give_out_the_same_for_every_digit() -> None:
    lesson, words = "batch-normalization", "thirteenth decimal"
    first, fifth, last = (
        between_examples(activations(lesson, words, layer)) for layer in (1, 5, 20)
    )
    # "By layer 5 a unit gives out nearly the same number for all 64 digits of the batch"
    assert len(activations(lesson, words, 5)) == 64
    assert fifth < 0.002 < 0.05 < first
    # "by layer 20 one has to look at the thirteenth decimal"
    assert 1e-14 < last < 1e-12


def test_layer_normalization_keeps_the_units_apart_and_not_the_digits() -> None:
    given_out = activations("layer-normalization-does-not-save-it", "0.000000001", 20)
    # "a unit still differs from its neighbors by 0.2, but from one digit to the next only by ..."
    assert float(given_out.std(axis=1).mean()) == pytest.approx(0.2, abs=0.03)
    assert 2e-10 < between_examples(given_out) < 5e-9
    assert np.isfinite(given_out).all()
