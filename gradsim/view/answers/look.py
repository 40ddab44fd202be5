"""How answers are looked at, and the words that all pictures of them share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradsim.insight.answers import Answers
from gradsim.numbers import number, share
from gradsim.view.lines import Line, Run, fitted, joined
from gradsim.view.plot import Markers

ROLES = ("map-vanishing", "map-exploding", "map-level")
"""Grounds of the first classes, in levels; a later class is told by its sign alone."""

SIGNS = ("○", "●", "△", "■", "◇", "▲", "□", "◆")
SIGNS_ASCII = ("o", "x", "+", "*", "#", "%", "&", "@")
"""What stands for a row of each class."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the user chose: nothing here changes a number."""

    page: int = 0
    only_wrong: bool = False
    more: int = 0
    """The next way to draw it: larger pictures, or more of the points."""
    markers: Markers = "braille"


def sign(index: int, markers: Markers) -> str:
    """The sign of a class."""
    signs = SIGNS_ASCII if markers == "ascii" else SIGNS
    return signs[index] if index < len(signs) else chr(ord("A") + index % 26)


def told(answers: Answers, noun: str = "") -> Line:
    """After how many steps how many held-out rows are right, or how far off they are."""
    data = answers.data
    of = len(data.held_out_inputs)
    noun = noun or ("sequences" if data.steps > 1 else "rows")
    which = f"{answers.rows:,} held-out {noun}"
    if answers.rows < of:
        which = f"the first {which}"
    steps = answers.begun + answers.step
    parts: list[list[Run]] = [[("after ", "label"), (f"{steps}", "value"),
                               (" step" if steps == 1 else " steps", "label")]]  # fmt: skip
    if data.classes:
        right = int(np.count_nonzero(answers.right()))
        part: list[Run] = [(share(answers.accuracy()), "value")]
        part += [(" of the time steps", "label")] if data.per_step else []
        parts.append([(f"{right:,}", "value"), (f" of {which} right, ", "label"), *part])
    else:
        off = float(np.median(answers.errors()))
        scaled = answers.experiment.scaling == "standardized" and data.steps == 1
        unit = " standard deviations" if scaled else ""
        parts.append([("median error ", "label"), (number(off), "value"),
                      (f"{unit}, {which}", "label")])  # fmt: skip
    return joined(parts)


def filled(lines: Sequence[Line], width: int, height: int) -> list[Line]:
    """Exactly `height` lines."""
    return (list(lines) + [fitted([], width)] * height)[:height]


def class_name(answers: Answers, index: int) -> str:
    """The name of a class; `?` for an answer that is not a number."""
    return answers.data.classes[index] if index >= 0 else "?"
