"""Notes on the gradient and on the training: each with layers, numbers, and the ledger's reason."""

from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from helpers import experiment

from gradsim.insight.reckoning import ledger
from gradsim.insight.report import report
from gradsim.insight.verdict import KINDS, Note, NoteKind, Verdict, judge, since_switch
from gradsim.insight.verdict.limits import FEWEST_CLIPPED, WINDOW
from gradsim.simulation.actions import Advance, Grain, Switch
from gradsim.simulation.measure import LAYER_COLUMNS, StepRecord
from gradsim.simulation.session import Session

RELU = {"activation": "relu", "initializer": "he-normal"}


def trained(steps: int, **knobs: Any) -> Session:
    session = Session(experiment(**knobs))
    session.do(Advance(Grain.STEP, steps))
    return session


def verdict(session: Session) -> Verdict:
    now = session.look()
    judged = judge(now, session.experiment, since_switch(session.run, now.step))
    return judged.explained(ledger(session))


def note(found: Verdict, kind: NoteKind) -> Note:
    notes = [each for each in found.notes if each.kind is kind]
    assert len(notes) == 1, [each.words for each in found.notes]
    return notes[0]


def kinds(found: Verdict) -> set[NoteKind]:
    return {each.kind for each in found.notes}


# -- the gradient ------------------------------------------------------------------------------


def test_saturation_has_the_effective_slope() -> None:
    found = note(
        verdict(trained(0, activation="tanh", initializer_gain=20.0, depth=5, width=32)),
        NoteKind.SATURATED,
    )
    assert found.layers == (1, 2, 3, 4, 5)
    assert "which takes 0." in found.reason
    assert "largest possible 1" in found.reason


def test_units_without_any_slope_stop_the_ledger() -> None:
    declared = experiment(depth=4, **RELU).switch({"layers.2.initializer": "zeros"})
    found = note(verdict(Session(declared)), NoteKind.DEAD_UNITS)
    assert found.layers == (2, 3, 4)
    assert found.reason == "and the relu of layer 4 lets nothing through"
    nothing = note(verdict(trained(0, initializer="zeros", **{"activation": "relu"})), found.kind)
    assert nothing.reason == ""


def test_a_flat_weight_gradient_over_a_falling_one() -> None:
    found = note(
        verdict(trained(0, activation="tanh", initializer_gain=0.4, depth=10)),
        NoteKind.FLAT_WEIGHT_GRADIENT,
    )
    assert found.layers == tuple(range(1, 11))
    assert found.reason.startswith("because the weights take 0.4")


def test_adam_hides_what_vanishes_and_sgd_does_not() -> None:
    """Sigmoids over six layers: three decades, and every entry far above Adam's epsilon."""
    knobs: dict[str, Any] = {"depth": 6, "width": 32, "learning_rate": 0.001}
    for optimizer in ("adam", "rmsprop", "adamw", "adagrad"):
        session = trained(3, optimizer=optimizer, **knobs)
        found = note(verdict(session), NoteKind.HIDDEN_BY_OPTIMIZER)
        assert found.layers == (1, 2, 3, 4, 5, 6)
        assert found.reason.startswith("because the activation slope takes 0.6")
        moves = session.past()[-1].column("update_ratio")
        assert moves is not None
        assert 0.1 < moves[0] / moves[5] < 10.0
    assert NoteKind.HIDDEN_BY_OPTIMIZER not in kinds(verdict(trained(3, optimizer="sgd", **knobs)))
    assert NoteKind.HIDDEN_BY_OPTIMIZER not in kinds(verdict(trained(0, optimizer="adam", **knobs)))


def test_below_its_epsilon_adam_hides_nothing() -> None:
    assert NoteKind.HIDDEN_BY_OPTIMIZER not in kinds(verdict(trained(3, optimizer="adam")))


def test_a_dip_has_the_part_that_makes_it() -> None:
    session = Session(
        experiment(depth=12, width=32, activation="identity").switch(
            {"layers.7-9.initializer-gain": 0.1, "layers.1-3.initializer-gain": 10.0}
        )
    )
    found = note(verdict(session), NoteKind.UNEVEN)
    assert set(found.layers) <= {3, 4, 5, 6, 7}
    assert found.reason.startswith("because the weights take")
    assert f"from 12 to {found.layers[-1]}" in found.reason


# -- clipping ----------------------------------------------------------------------------------


def test_clipping_at_every_step_names_the_layer_of_the_largest_gradient() -> None:
    knobs: dict[str, Any] = {"depth": 8, "width": 32, "initializer_gain": 1.6} | RELU
    session = trained(FEWEST_CLIPPED - 2, clip="global-norm", learning_rate=0.01, **knobs)
    assert NoteKind.CLIPPED in kinds(verdict(session))
    session.do(Advance(Grain.STEP))
    found = note(verdict(session), NoteKind.ALWAYS_CLIPPED)
    weights = session.look().column("grad_weight_norm")
    assert weights is not None
    assert found.layers == (int(weights[:-1].argmax()) + 1,) or "most in the output" in found.words
    assert f"{FEWEST_CLIPPED} of the last {FEWEST_CLIPPED}" in found.sentence
    assert found.reason.startswith("because the weights add")


def test_what_was_before_a_switch_counts_no_more() -> None:
    knobs: dict[str, Any] = {"depth": 3, "width": 8, "clip_threshold": 1e-3} | RELU
    session = trained(20, clip="global-norm", **knobs)
    assert NoteKind.ALWAYS_CLIPPED in kinds(verdict(session))
    session.do(Switch({"learning-rate": 0.5}))
    assert NoteKind.CLIPPED in kinds(verdict(session))
    assert len(since_switch(session.run, 20)) == 0


# -- the training ------------------------------------------------------------------------------


def test_a_starved_network_stands_still_and_the_slopes_did_it() -> None:
    found = note(verdict(trained(160, depth=12, width=16)), NoteKind.PLATEAUED)
    assert found.layers[0] == 1
    assert "layer 1 by" in found.sentence
    assert found.reason.startswith("because the activation slope takes 0.6")


def test_a_network_that_learns_neither_stands_still_nor_swings() -> None:
    for steps in (60, 150):
        session = trained(steps, depth=3, width=32, learning_rate=0.05, **RELU)
        assert not kinds(verdict(session)) & {NoteKind.PLATEAUED, NoteKind.OSCILLATING}


def test_steps_far_too_long_swing() -> None:
    found = note(
        verdict(trained(60, activation="tanh", depth=5, width=32, learning_rate=3.0)),
        NoteKind.OSCILLATING,
    )
    assert "learning rate 3 moves layer" in found.sentence
    assert len(found.layers) == 1


def of_losses(losses: list[float], factor: float = 1.0) -> set[NoteKind]:
    """The notes after these losses, every layer's numbers plain and its updates a hundredth."""
    table = np.full((len(LAYER_COLUMNS), 4), 1.0)
    for name, value in (("saturated", 0.0), ("dead", 0.0), ("update_norm", 0.01)):
        table[LAYER_COLUMNS.index(name)] = value
    rows = [
        StepRecord(k, loss=loss * factor, layers=table, complete=True, learning_rate=0.1)
        for k, loss in enumerate(losses)
    ]
    now = replace(rows[-1], complete=False)
    return kinds(judge(now, experiment(depth=3), rows[:-1]))


def noisy(mean: Callable[[int], float], scatter: float, steps: int, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    return [mean(k) * (1.0 + scatter * float(rng.standard_normal())) for k in range(steps)]


@pytest.mark.parametrize("factor", [1e-30, 1.0, 1e30])
def test_losses_of_every_kind_at_every_size(factor: float) -> None:
    still = noisy(lambda k: 2.3, 0.01, WINDOW)
    assert of_losses(still, factor) == {NoteKind.PLATEAUED}
    assert of_losses(still[1:], factor) == set(), "the window must be full"
    falling = noisy(lambda k: 2.3 * 0.998**k, 0.01, WINDOW)
    assert of_losses(falling, factor) == set()
    arrived = [2.3, *noisy(lambda k: 0.1, 0.01, WINDOW)]
    assert of_losses(arrived, factor) == set(), "a twentieth of the first loss is no plateau"
    swinging = noisy(lambda k: 2.3 if k % 2 else 1.2, 0.02, WINDOW)
    assert of_losses(swinging, factor) == {NoteKind.OSCILLATING}
    scattered = noisy(lambda k: 2.3 * 0.97**k, 0.2, WINDOW)
    assert of_losses(scattered, factor) == set(), "batches scatter, but it comes down"


@pytest.mark.parametrize("wrong", [nan, inf])
def test_losses_without_a_number_say_nothing(wrong: float) -> None:
    still = noisy(lambda k: 2.3, 0.01, WINDOW)
    still[WINDOW // 2] = wrong
    assert of_losses(still) == set()
    assert of_losses([0.0] * WINDOW) == set()


# -- in the report -----------------------------------------------------------------------------


def test_notes_in_the_report_are_tables() -> None:
    rows = report(trained(0, activation="tanh", initializer_gain=20.0, depth=5))["verdict"]["notes"]
    assert rows
    for row in rows:
        assert row.keys() == {"kind", "layers", "sentence"}
        assert row["kind"] in set(KINDS)
    assert "which takes" in rows[0]["sentence"]
    assert set(KINDS) == set(NoteKind)


def test_a_run_that_broke_has_no_notes() -> None:
    session = trained(0, depth=3, initializer_gain=1e200, activation="relu")
    assert verdict(session).shape == "not-finite"
    assert verdict(session).notes == ()
