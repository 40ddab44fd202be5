"""A trial is the same training as a session's."""

import pickle

import pytest
from helpers import experiment

from gradsim.insight.report import report
from gradsim.insight.trial import Trial, run_trial
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session


@pytest.mark.parametrize("knobs", [{}, {"normalization": "batch", "clip": "global-norm"}])
def test_a_trial_is_what_a_session_does(knobs: dict[str, str]) -> None:
    declared = experiment(depth=4, width=8, activation="tanh", learning_rate=0.1, **knobs)
    outcome = run_trial(pickle.loads(pickle.dumps(Trial(declared.settings(), 7))))
    session = Session(declared)
    first = report(session)
    session.do(Advance(Grain.STEP, 7))
    last = report(session)
    assert list(outcome.losses) == last["history"]["loss"][:7]
    assert list(outcome.grad_norms) == last["history"]["grad_norm"][:7]
    assert outcome.held_out_accuracy == last["history"]["held_out_accuracy"][-1]
    for gradient, told in ((outcome.start, first), (outcome.end, last)):
        assert gradient.shape == told["verdict"]["shape"]
        assert gradient.reach_decades == told["verdict"]["evidence"]["reach_decades"]
        assert gradient.slope == told["verdict"]["evidence"]["slope"]
        assert gradient.grad_norm == told["history"]["grad_norm"][-1]
    assert pickle.loads(pickle.dumps(outcome)) == outcome


def test_the_held_out_loss_is_that_of_all_held_out_rows() -> None:
    """Where nothing is learned and all outputs are alike it is log 10 for ten classes."""
    zeros = experiment(depth=2, initializer="zeros", learning_rate=0.0)
    outcome = run_trial(Trial(zeros.settings(), 1))
    assert outcome.held_out_loss == pytest.approx(2.302585092994046)
    assert outcome.end.shape == "dead"
