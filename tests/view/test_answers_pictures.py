"""Pictures of the answers: every line as wide as asked, and what is drawn is what was answered."""

from typing import Any

import numpy as np
import pytest
from helpers import experiment

from gradsim.insight.answers import Answers, Reader, kind_of
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session
from gradsim.view.answers import Look, grid_of, page
from gradsim.view.answers.digits import halved, ink, shaded
from gradsim.view.answers.plane import TEXTURES, levels
from gradsim.view.answers.sequences import reached
from gradsim.view.answers.tables import confusion
from gradsim.view.heat import Lane
from gradsim.view.lines import length, plain

DATA: dict[str, dict[str, Any]] = {
    "plane": {"data": "blobs", "width": 8},
    "digits": {"data": "digits"},
    "digits in rows": {"data": "digits-rows", "cell": "rnn", "width": 4},
    "table": {"data": "wine"},
    "curve": {"data": "sine", "loss": "mean-squared-error"},
    "adding": {"data": "adding", "cell": "lstm", "loss": "mean-squared-error", "width": 4},
    "recall": {"data": "recall", "cell": "rnn", "width": 4, "sequence_length": 300},
    "copy": {"data": "copy", "cell": "gru", "readout": "every", "width": 4,
             "sequence_length": 20},
}  # fmt: skip


def answers(size: tuple[int, int] = (76, 16), steps: int = 2, **knobs: Any) -> Answers:
    session = Session(experiment(**({"depth": 2, "batch_size": 16} | knobs)))
    session.do(Advance(Grain.STEP, steps))
    grid = grid_of(kind_of(session.run.data), *size)
    work = Reader().reading(session.run, steps, grid)
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: Answers = end.value
            return found


@pytest.mark.parametrize("name", list(DATA))
@pytest.mark.parametrize("size", [(56, 11), (76, 16), (116, 31), (196, 50)])
def test_every_line_is_as_wide_as_asked(name: str, size: tuple[int, int]) -> None:
    found = answers(size, **DATA[name])
    reach = np.linspace(0.0, 1.0, found.data.steps).tolist() if found.data.steps > 1 else None
    for look in (Look(), Look(1, only_wrong=True, more=1), Look(-1, more=2, markers="ascii")):
        lines = page(found, reach, *size, look)
        assert len(lines) == size[1]
        assert {length(line) for line in lines} == {size[0]}


@pytest.mark.parametrize("name", list(DATA))
def test_pictures_stand_what_left_the_number_range(name: str) -> None:
    found = answers(steps=4, **DATA[name], learning_rate=1e200)
    lines = page(found, None, 76, 16, Look())
    assert {length(line) for line in lines} == {76}


def test_cells_of_the_plane_bear_their_class_and_how_sure_it_is() -> None:
    found = answers(steps=30, **DATA["plane"])
    rows, columns = found.grid
    drawn = plain(page(found, None, 76, 16, Look(more=2))).splitlines()
    best, sure = np.argmax(found.around, axis=1), levels(found)
    for row in range(rows):
        for column in range(columns):
            k = row * columns + column
            assert drawn[row][column] == TEXTURES[best[k]][sure[k]]
    some = plain(page(found, None, 76, 16, Look())).splitlines()
    every = plain(page(found, None, 76, 16, Look(more=1))).splitlines()
    points = [sum(line[:columns].count(sign) for line in each for sign in "○●△")
              for each in (drawn, some, every)]  # fmt: skip
    assert 0 == points[0] < points[1] < points[2]


def test_digits_show_their_class_the_answer_and_only_the_wrong_ones() -> None:
    found = answers(steps=12, **DATA["digits"], activation="relu", learning_rate=0.1)
    text = plain(page(found, None, 76, 16, Look()))
    row = int(np.argmin(found.right()[:6]))
    assert "✗" in text
    assert f"✗ {found.targets[row]}→{found.chosen()[row]} " in text
    wrong = plain(page(found, None, 76, 16, Look(only_wrong=True)))
    assert "✓" not in wrong
    assert "only wrong, page 1 of" in wrong
    turned = plain(page(found, None, 76, 16, Look(page=1)))
    assert "page 2 of 30" in turned
    assert turned.splitlines()[1:] != text.splitlines()[1:]
    right = np.count_nonzero(found.right())
    assert f"{right} of 359 held-out digits right" in text


def test_a_digit_is_drawn_pixel_by_pixel() -> None:
    pixels = np.zeros((8, 8))
    pixels[0, 0] = pixels[1, 0] = pixels[2, 3] = pixels[5, 7] = 1.0
    drawn = halved(pixels)
    assert (drawn[0][0], drawn[1][3], drawn[2][7]) == ("█", "▀", "▄")
    assert "".join(drawn).count(" ") == 32 - 3
    large = shaded(pixels)
    assert [large[0][:2], large[2][6:8], large[5][14:]] == ["██"] * 3
    assert ink(np.array([-3.0, 1.0, 5.0])).tolist() == [0.0, 0.5, 1.0]


def test_confusion_counts_what_was_answered() -> None:
    found = answers(steps=12, **DATA["table"])
    matrix = found.confusion()
    lines = plain(confusion(found, 70)).splitlines()
    for k, name in enumerate(found.data.classes):
        row = next(line for line in lines if line.startswith(name))
        counts = row[len(name) :].replace("✗", "").replace("·", "0").split()
        assert [int(count) for count in counts] == matrix[k].tolist()
    narrow = plain(confusion(found, 24))
    assert "more columns" in narrow


def test_a_sequence_is_shown_with_answer_and_target() -> None:
    found = answers(steps=2, **DATA["copy"])
    text = plain(page(found, None, 76, 16, Look())).splitlines()
    shown = "".join(next(line for line in text if line.startswith("shown"))[10:].split())
    target = "".join(next(line for line in text if line.startswith("target"))[10:].split())
    assert target[-5:] == shown[:5]
    assert target[:-5] == "·" * 15
    assert "!" in shown
    adding = plain(page(answers(**DATA["adding"]), None, 76, 16, Look()))
    assert "off by" in adding


def test_how_far_back_the_gradient_reaches() -> None:
    added = [0.0] * 16 + [1.0, 1.0, 2.0, 8.0]
    lines = plain(reached(added, Lane.of(20, 60, 3), 70)).splitlines()
    assert lines[1][10:].rstrip().endswith("███")
    assert len(lines[1][10:].rstrip()) == 60
    assert "95% of it comes from the last 4 of 20 time steps, half of" in lines[4]
    nothing = plain(reached([0.0] * 20, Lane.of(20, 60, 3), 70))
    assert "zero at every time step" in nothing
    assert "not finite" in plain(reached([float("nan")] * 20, Lane.of(20, 60, 3), 70))
