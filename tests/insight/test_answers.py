"""Answers: those of the network at the step shown, and nothing is disturbed by asking."""

from typing import Any

import numpy as np
import pytest
from helpers import experiment, same_bits

from gradsim.insight.answers import (
    Answers,
    Kind,
    Reader,
    chosen,
    confidence,
    extent,
    kind_of,
)
from gradsim.simulation.actions import Advance, Back, Grain, Switch
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session


def read(session: Session, step: int, grid: tuple[int, int] = (0, 0)) -> Answers:
    work = Reader().reading(session.run, step, grid)
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: Answers = end.value
            return found


def after(steps: int, **knobs: Any) -> Session:
    session = Session(experiment(**({"depth": 3, "width": 8, "batch_size": 16} | knobs)))
    session.do(Advance(Grain.STEP, steps))
    return session


SEQUENCE = {"cell": "gru", "data": "copy", "sequence_length": 12, "readout": "every"}


@pytest.mark.parametrize(
    ("knobs", "kind"),
    [
        ({"data": "moons", "activation": "tanh"}, Kind.PLANE),
        ({"data": "digits", "normalization": "batch", "activation": "relu"}, Kind.DIGITS),
        ({"data": "wine"}, Kind.CLASSES),
        ({"data": "wine", "loss": "mean-squared-error", "dtype": "float32"}, Kind.CLASSES),
    ],
)
def test_the_share_that_is_right_is_the_held_out_accuracy(
    knobs: dict[str, Any], kind: Kind
) -> None:
    session = after(7, **knobs)
    found = read(session, 7, (4, 5))
    assert found.kind is kind
    assert found.accuracy() == session.held_out_accuracy()
    assert found.confusion().sum() == found.rows
    assert np.trace(found.confusion()) == np.count_nonzero(found.right())
    wrong = found.most_wrong()
    assert not found.right()[wrong].any()
    assert len(wrong) == np.count_nonzero(~found.right())
    sure = found.confidence().max(axis=1)[wrong]
    assert (np.diff(sure) <= 0).all()


def test_rows_are_asked_in_slices_to_the_same_outputs() -> None:
    session = after(3, normalization="batch")
    found = read(session, 3)
    network, data = session.network(), session.run.data
    np.testing.assert_allclose(found.last, network.infer(data.held_out_inputs), rtol=1e-10)
    slices = sum(1 for _ in Reader().reading(after(0, depth=60, width=64).run, 0, (0, 0)))
    assert slices > 20


@pytest.mark.parametrize("moves", [Advance(Grain.OP, 7), Advance(Grain.STEP, 2), Back(Grain.STEP)])
def test_asking_disturbs_nothing(moves: Advance | Back) -> None:
    asked, alone = after(5), after(5)
    for session in (asked, alone):
        session.do(Advance(Grain.OP, 9))
    reader = Reader()
    work = reader.reading(asked.run, 5, (0, 0))
    for slice_of in asked.perform(moves):
        assert slice_of is None
        next(work, None)
    alone.do(moves)
    assert asked.cursor == alone.cursor
    assert list(asked.events()) == list(alone.events())
    assert same_bits(asked.network().parameters.values, alone.network().parameters.values)


def test_any_step_can_be_asked_for_after_a_switch_too() -> None:
    session = after(30, activation="tanh")
    session.do(Switch({"activation": "relu"}))
    session.do(Advance(Grain.STEP, 4))
    for step in (34, 30, 12, 0):
        found = read(session, step)
        network = session.machine_at(Position(step, 0)).network
        wanted = network.infer(session.run.data.held_out_inputs)
        np.testing.assert_allclose(found.last, wanted, rtol=1e-10)
        assert found.experiment.activation == ("relu" if step >= 30 else "tanh")


def test_the_cells_of_a_plane_are_where_they_are_drawn() -> None:
    session = after(2, data="moons")
    found = read(session, 2, (6, 9))
    assert found.places.shape == (54, 2)
    low, high = extent(session.run.data)
    places = found.places.reshape(6, 9, 2)
    assert (np.diff(places[0, :, 0]) > 0).all()
    assert (np.diff(places[:, 0, 1]) < 0).all()
    assert (places > low).all()
    assert (places < high).all()
    np.testing.assert_allclose(found.around, session.network().infer(found.places), rtol=1e-10)
    assert (session.run.data.inputs > low).all()


def test_a_curve_and_its_errors() -> None:
    session = after(4, data="sine", loss="mean-squared-error")
    found = read(session, 4)
    assert found.kind is Kind.CURVE
    assert found.around.shape == (len(found.places), 1)
    errors = found.errors()
    np.testing.assert_allclose(errors, np.abs(found.last - found.targets)[:, 0])
    assert errors[found.most_wrong()[0]] == errors.max()


def test_a_sequence_with_an_answer_at_every_step() -> None:
    session = after(3, **SEQUENCE)
    found = read(session, 3)
    assert found.kind is Kind.SEQUENCE
    assert found.output.shape == (64, 12, 5)
    network, data = session.network(), session.run.data
    one = network.infer(data.held_out_inputs[7:8])
    np.testing.assert_allclose(found.output[7], one, rtol=1e-10)
    right = chosen(found.output) == data.held_out_targets[:64]
    assert found.accuracy() == right.mean()
    assert (found.right() == right.all(axis=1)).all()


def test_digits_as_sequences_are_pictures_still() -> None:
    session = after(1, cell="rnn", data="digits-rows", width=4)
    assert kind_of(session.run.data) is Kind.DIGITS
    assert read(session, 1).accuracy() == session.held_out_accuracy()


def test_numbers_that_are_none_answer_no_class() -> None:
    session = after(6, activation="relu", learning_rate=1e200)
    found = read(session, 6)
    assert (found.chosen() == -1).all()
    assert not found.right().any()
    assert found.confusion().sum() == 0
    assert len(found.most_wrong()) == found.rows


def test_confidence_is_what_the_loss_makes_of_outputs() -> None:
    output = np.array([[0.0, 3.0, -1.0], [1000.0, 0.0, 0.0]])
    soft = confidence(output, "softmax-cross-entropy")
    np.testing.assert_allclose(soft.sum(axis=1), 1.0)
    assert soft[1, 0] == 1.0
    np.testing.assert_allclose(confidence(output, "binary-cross-entropy")[0, 0], 0.5)
    assert confidence(output, "mean-squared-error").tolist() == [[0, 1, 0], [1, 0, 0]]
