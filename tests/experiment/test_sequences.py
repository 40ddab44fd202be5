"""Sequences: the made-up tasks are what they say, the digits are the digits, own tables fit."""

from pathlib import Path

import numpy as np
import pytest
from helpers import experiment

from gradsim.errors import InputError
from gradsim.experiment.batches import Batches
from gradsim.experiment.build import check, load_data
from gradsim.experiment.data import load, stacked


@pytest.mark.parametrize("length", [2, 7, 50])
def test_adding_asks_for_the_sum_of_the_marked(length: int) -> None:
    data = load("adding", length=length)
    assert (data.steps, data.features, data.outputs) == (length, 2 * length, 1)
    rows = data.inputs.reshape(-1, length, 2)
    marks = rows[:, :, 1]
    assert set(np.unique(marks)) <= {0.0, 1.0}
    assert (marks.sum(axis=1) == 2).all()
    np.testing.assert_allclose((rows[:, :, 0] * marks).sum(axis=1), data.targets[:, 0])
    # Who always says the mean is wrong by the variance of two uniform numbers, 1/6.
    assert np.var(data.targets) == pytest.approx(1 / 6, rel=0.05)


def test_recall_hides_the_symbol_behind_noise() -> None:
    data = load("recall", length=9)
    rows = data.inputs.reshape(-1, 9, 5)
    np.testing.assert_array_equal(rows[:, 0, :4].argmax(axis=1), data.targets)
    assert (rows[:, 1:, :4] == 0.0).all()
    assert np.std(rows[:, 1:, 4]) == pytest.approx(1.0, rel=0.02)


def test_copy_asks_for_the_symbols_in_their_order() -> None:
    data = load("copy", length=20, every_step=True)
    shown = data.inputs.reshape(-1, 20, 6).argmax(axis=2)
    assert data.targets.shape == shown.shape
    np.testing.assert_array_equal(shown[:, :5], data.targets[:, 15:])
    assert (data.targets[:, :15] == 4).all()
    assert (shown[:, 14] == 5).all()
    last = load("copy", length=20)
    np.testing.assert_array_equal(last.targets, data.targets[:, -1])
    assert load("copy", length=20).per_step is False


@pytest.mark.parametrize(("name", "steps"), [("digits-pixels", 64), ("digits-rows", 8)])
def test_digits_as_sequences_are_the_digits(name: str, steps: int) -> None:
    data, whole = load(name), load("digits")
    assert data.steps == steps
    np.testing.assert_array_equal(data.inputs, whole.inputs)
    np.testing.assert_array_equal(data.targets, whole.targets)


def test_targets_of_every_step_are_stacked_as_the_outputs_are() -> None:
    targets = np.arange(6).reshape(2, 3)
    assert stacked(targets, True).tolist() == [0, 3, 1, 4, 2, 5]
    declared = experiment(cell="rnn", readout="every", data="digits-rows", batch_size=4)
    data = load_data(declared)
    _, target = Batches(data, 4, 0, "float64").batch(0)
    assert target.reshape(8, 4).tolist() == [target[:4].tolist()] * 8


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"data": "copy", "sequence_length": 10}, "sequence-length is 10, but copy needs"),
        ({"data": "adding", "sequence_length": 1, "loss": "huber"}, "needs at least 2"),
        ({"time_column": "t", "data": "x.csv"}, "sequence-column is empty"),
        ({"sequence_column": "s"}, "digits has no columns"),
        ({"cell": "gru", "normalization": "batch"}, "does not fit cell gru"),
    ],
)
def test_what_does_not_fit_is_a_sentence(knobs: dict[str, str], words: str) -> None:
    declared = experiment(**knobs)
    with pytest.raises(InputError, match=words):
        check(declared, load_data(declared))


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


ROWS = "who,when,a,b,y\n" + "".join(
    f"{who},{when},{10 * k + when},{-when},{'yes' if k % 2 else 'no'}\n"
    for when in (2, 1, 3)
    for k, who in enumerate(["ann", "bob", "cid", "dee", "eve", "fay"])
)


def test_an_own_table_of_sequences(tmp_path: Path) -> None:
    name = written(tmp_path / "s.csv", ROWS)
    data = load(name, scaling="raw", sequence="who", time="when")
    assert (data.steps, data.features, data.classes) == (3, 6, ("no", "yes"))
    rows = np.concatenate([data.inputs, data.held_out_inputs]).reshape(-1, 3, 2)
    assert len(rows) == 6
    for row in rows:
        assert (np.diff(row[:, 0]) == 1).all()
        assert row[:, 1].tolist() == [-1, -2, -3]
    every = load(name, scaling="raw", sequence="who", time="when", every_step=True)
    assert every.targets.shape == (len(every.inputs), 3)
    scaled = load(name, sequence="who")
    columns = scaled.inputs.reshape(-1, 3)
    np.testing.assert_allclose(columns.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(columns.std(axis=0), 1.0, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        (ROWS, {"sequence": "whom"}, 'sequence-column "whom" is not there; did you mean "who"'),
        (ROWS, {"sequence": "y"}, "is the target too"),
        (ROWS, {"sequence": "when", "time": "who"}, "has words, but must have numbers"),
        (ROWS + "ann,4,1,1,no\n", {"sequence": "who"}, "has 4 rows and"),
        (ROWS, {"sequence": "when"}, "it has 3 sequences; at least 5"),
    ],
)
def test_a_table_that_makes_no_sequences_is_told_why(
    text: str, more: dict[str, str], words: str, tmp_path: Path
) -> None:
    name = written(tmp_path / "s.csv", text)
    with pytest.raises(InputError, match=words):
        load(name, target="y", **more)
