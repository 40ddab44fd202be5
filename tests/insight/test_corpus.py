"""The verdict held against theory on networks drawn at random, and whether they really learn."""

import json
import pickle
from dataclasses import replace
from math import nan

import pytest

from gradsim.cli.grade import table
from gradsim.cli.main import run
from gradsim.insight.corpus import (
    INITIALIZERS,
    Corpus,
    Example,
    corpus,
    drawn,
    examined,
    label_of,
)
from gradsim.insight.grades import CLASSES, DEFINITIONS, grades, plain
from gradsim.insight.workers import Workers


def test_the_verdict_agrees_with_theory_on_networks_it_has_never_seen() -> None:
    """Another seed than the command's, and no training: that has a test of its own."""
    found = corpus(seed=1, size=120, steps=0)
    marks = grades(found.examples)
    assert marks.scored >= 80
    assert all(sum(marks.confusion[name].values()) >= 10 for name in CLASSES)
    told = [(e.index, e.label, e.shape) for e in marks.disagreements]
    assert marks.precision >= 0.95, told
    assert marks.recall >= 0.95, told


def test_networks_of_every_kind_are_drawn() -> None:
    settings = [drawn(3, index).settings() for index in range(200)]

    def values(name: str) -> set[object]:
        return {each[name] for each in settings}

    for name, fewest in (
        ("activation", 14), ("initializer", len(INITIALIZERS)), ("normalization", 6),
        ("normalization-place", 3), ("skip", 8), ("skip-order", 3), ("data", 9), ("loss", 4),
        ("dtype", 2), ("width", 9), ("bias-std", 4), ("loss-factor", 30),
    ):  # fmt: skip
        assert len(values(name)) >= fewest, name
    depths = [each["depth"] for each in settings]
    assert min(depths) == 3
    assert max(depths) > 80
    gains = [each["initializer-gain"] for each in settings]
    assert min(gains) < 0.6
    assert max(gains) > 2.0
    assert drawn(3, 7) == drawn(3, 7)
    assert drawn(3, 7) != drawn(4, 7)


@pytest.mark.parametrize(
    ("decades", "label"),
    [
        (-2.01, "vanishing"), (-1.99, ""), (-1.01, ""), (-0.99, "healthy"), (0.99, "healthy"),
        (1.01, ""), (1.99, ""), (2.01, "exploding"), (nan, ""),
    ],
)  # fmt: skip
def test_labels_by_the_end_to_end_factor(decades: float, label: str) -> None:
    assert label_of(decades) == label


def test_first_layers_move_where_it_is_healthy_and_not_where_it_vanishes() -> None:
    """The first of each kind in the command's own corpus, of those that are quickly trained."""
    moved: dict[str, list[bool]] = {"vanishing": [], "healthy": []}
    index = 0
    while min(map(len, moved.values())) < 4:
        experiment = drawn(0, index)
        if experiment.depth * experiment.width * max(experiment.width, experiment.batch_size) < 4e4:
            found = examined(index, 0, steps=40)
            if found and found.shape in moved:
                moved[found.shape].append(found.first_layers_move)
        index += 1
    assert sum(moved["healthy"]) > 0.7 * len(moved["healthy"])
    assert sum(moved["vanishing"]) < 0.5 * len(moved["vanishing"])


def test_the_same_at_any_executor() -> None:
    alone = corpus(seed=5, size=3, steps=2)
    with Workers(2) as workers:
        spread = corpus(seed=5, size=3, steps=2, executor=workers)
    assert spread == alone
    assert pickle.loads(pickle.dumps(alone)) == alone


# -- counting ----------------------------------------------------------------------------------


def example(label: str, shape: str, first: float = 1.0, last: float = 1.0) -> Example:
    return Example(0, {}, 0.0, 0.0, shape, label, first, last, 2.0, 1.0)


def test_precision_and_recall_by_hand() -> None:
    rows = [
        *[example("vanishing", "vanishing")] * 8,
        *[example("vanishing", "healthy")] * 1,
        *[example("healthy", "healthy")] * 6,
        *[example("healthy", "dead")] * 2,
        *[example("exploding", "exploding")] * 3,
        *[example("", "healthy")] * 5,
    ]
    marks = grades(rows)
    assert marks.scored == 20
    assert marks.precision == pytest.approx(17 / 18)
    assert marks.recall == pytest.approx(17 / 20)
    assert not marks.passed
    assert marks.precision_of("healthy") == pytest.approx(6 / 7)
    assert marks.recall_of("healthy") == pytest.approx(6 / 8)
    assert marks.recall_of("exploding") == 1.0
    assert len(marks.disagreements) == 3
    assert grades(rows[:8]).precision_of("healthy") is None
    assert grades([]).recall == 0.0


def test_movement_is_counted_by_the_verdict_and_not_by_the_label() -> None:
    rows = [
        example("vanishing", "vanishing", 0.05),
        example("", "vanishing", 0.1),
        example("healthy", "dead", 0.0, 0.0),
        replace(example("healthy", "healthy", 3.0), loss_after=1.9),
    ]
    learning = grades(rows).learning
    assert learning["vanishing"].count == 2
    assert learning["vanishing"].moves == 0.5
    assert learning["vanishing"].ratio == pytest.approx(0.075)
    assert learning["dead"].moves == 0.0
    assert learning["healthy"].learns == 0.0
    assert learning["vanishing"].learns == 1.0


def test_the_table_fits_and_names_what_disagrees() -> None:
    rows = [example("vanishing", "vanishing"), example("healthy", "dead", 0.0, 0.0)]
    lines = table(grades(rows), 2, 1, 60)
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "network 0: theory healthy (+0.00 decades), verdict dead (+0.00)" in text
    assert all(f"{name}: " in text for name in DEFINITIONS)
    assert plain(Corpus(tuple(rows), 1), 7, 60)["confusion"]["healthy"]["dead"] == 1


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["grade", "--networks", "4", "--steps", "0", "--seed", "3", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["networks"] == 4
    assert code == (0 if found["passed"] else 1)
    assert run(["grade", "--networks", "0"]) == 2
    assert "--networks is" in capsys.readouterr().err
