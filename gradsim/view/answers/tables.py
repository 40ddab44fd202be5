"""Tables: the confusion matrix of the held-out rows, and the rows that are most wrong."""

import numpy as np

from gradsim.insight.answers import Answers
from gradsim.numbers import number
from gradsim.view.answers.look import Look, class_name, filled, told
from gradsim.view.lines import Line, Run, beside, fitted, wrapped_words
from gradsim.view.plot import Axis, Curve, draw, fit

SIDE_BY_SIDE = 70
GAP = 3
LONGEST = 16
"""Cells for the name of a class."""


def classes(answers: Answers, width: int, height: int, look: Look) -> list[Line]:
    """The confusion matrix at the left or above, the most wrong rows at the right or below."""
    head = [fitted(told(answers), width), fitted([], width)]
    room = height - len(head)
    if width < SIDE_BY_SIDE:
        matrix = confusion(answers, width)[: max(room // 2, room - 6)]
        rest = room - len(matrix) - 1
        lines = [*head, *matrix, fitted([], width), *_most_wrong(answers, width, rest, look)]
        return filled(lines, width, height)
    left = min((width - GAP) // 2, _least(answers))
    right = width - GAP - left
    matrix = filled(confusion(answers, left), left, room)
    wrong = filled(_most_wrong(answers, right, room, look), right, room)
    return filled([*head, *beside(matrix, wrong)], width, height)


def _label(answers: Answers) -> int:
    return min(LONGEST, max(len(name) for name in answers.data.classes) + 1)


def _least(answers: Answers) -> int:
    """Width in which the whole matrix can be read, and its title."""
    longest = max(len(name) for name in answers.data.classes)
    return max(34, _label(answers) + min(LONGEST, longest + 2) * len(answers.data.classes))


def confusion(answers: Answers, width: int) -> list[Line]:
    """A row for each true class, a column for each answer; what does not fit is left out."""
    matrix = answers.confusion()
    names = answers.data.classes
    label = _label(answers)
    cell = max(len(f"{int(matrix.max(initial=0))}"), 3) + 2
    fit_in = max(1, (width - label) // cell)
    shown = names[:fit_in]
    wide = (
        cell if len(shown) < len(names) else min(LONGEST, max(cell, (width - label) // len(names)))
    )
    title = "rows: true class, columns: answer"
    heads: list[Run] = [(f"{_cut(name, wide - 1):>{wide}}", "label") for name in shown]
    lines = [fitted([(title, "label")], width), fitted([(" " * label, ""), *heads], width)]
    for k, name in enumerate(names):
        runs: list[Run] = [(f"{_cut(name, label - 1):<{label}}", "label")]
        for j in range(len(shown)):
            count = int(matrix[k, j])
            role = "quiet" if count == 0 else ("value" if k == j else "mark")
            text = "·" if count == 0 else (f"{count}" if k == j else f"✗{count}")
            runs.append((f"{text:>{wide}}", role))
        lines.append(fitted(runs, width))
    if len(shown) < len(names):
        lines.append(fitted([(f"{len(names) - len(shown)} more columns", "label")], width))
    lost = answers.rows - int(matrix.sum())
    if lost:
        lines.append(fitted([(f"{lost} answers are not a number", "mark")], width))
    return lines


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else f"{name[: max(0, width - 1)]}…"


def _most_wrong(answers: Answers, width: int, height: int, look: Look) -> list[Line]:
    wrong = answers.most_wrong()
    if not len(wrong):
        return wrapped_words("No held-out row is wrong.", "label", width)
    each = max(1, height - 1)
    pages = max(1, -(-len(wrong) // each))
    page = look.page % pages
    sure, chosen = answers.confidence(), answers.chosen()
    head = f"most wrong rows, {answers.sureness}, page {page + 1} of {pages}"
    lines = [fitted([(head, "label")], width)]
    name = min(LONGEST + 4, max(8, (width - 18) // 2))
    for row in wrong[page * each : (page + 1) * each]:
        answer = int(chosen[row])
        part = "?" if answer < 0 else f"{100 * float(sure[row, answer]):.0f} %"
        true = class_name(answers, int(answers.targets[row]))
        lines.append(
            fitted(
                [(f"{int(row):>6} ", "quiet"), (f"✗ {_cut(true, name)}", "value"), (" → ", "label"),
                 (f"{_cut(class_name(answers, answer), name)} ", "mark"), (part, "value")],
                width,
            )
        )  # fmt: skip
    return lines


def numbers(answers: Answers, width: int, height: int, look: Look) -> list[Line]:
    """What was answered over what is right, and the rows that are farthest off."""
    left = width if width < SIDE_BY_SIDE else (width - GAP) * 3 // 5
    targets, output = answers.targets[:, 0], answers.last[:, 0]
    low, high = fit([targets.tolist(), output.tolist()], log=False)
    span = Axis(low, high, label="true")
    order = np.argsort(targets)
    curves = [
        Curve("right", [low, high], [low, high], "ghost"),
        Curve("rows", targets[order].tolist(), output[order].tolist(), "live", connect=False),
    ]
    room = height - 2
    picture = draw(curves, span, Axis(low, high), left, room, look.markers).rows
    title = "answer over truth; on the dotted line it would be right"
    head = [fitted(told(answers), width), fitted([(title, "label")], width)]
    if left == width:
        return filled([*head, *picture], width, height)
    right = width - GAP - left
    lines = [fitted([("    row     true   answer", "label")], right)]
    for row in answers.most_wrong()[: room - 1]:
        lines.append(
            fitted(
                [(f"{int(row):>7} ", "quiet"), (f"{number(float(targets[row])):>8} ", "value"),
                 (f"{number(float(output[row])):>8}", "mark")],
                right,
            )
        )  # fmt: skip
    return filled([*head, *beside(picture, filled(lines, right, room))], width, height)


def curve(answers: Answers, width: int, height: int, look: Look) -> list[Line]:
    """The curve that the network predicts, over the training rows."""
    data = answers.data
    order = np.argsort(data.inputs[:, 0])
    x, y = data.inputs[order, 0], data.targets[order, 0]
    across, predicted = answers.places[:, 0], answers.around[:, 0].astype(float)
    low, high = fit([y.tolist()], log=False, pad=0.15)
    curves = [
        Curve("rows", x.tolist(), y.tolist(), "ghost", connect=False),
        Curve("predicted", across.tolist(), predicted.tolist(), "live"),
    ]
    axis = Axis(float(across[0]), float(across[-1]), label="x")
    scaled = " (standardized)" if answers.experiment.scaling == "standardized" else ""
    title: list[Run] = [("⠤⠤⠤ " if look.markers == "braille" else "── ", "live"),
                        ("what the network predicts   ", "label"), ("· ", "ghost"),
                        (f"training rows{scaled}", "label")]  # fmt: skip
    picture = draw(curves, axis, Axis(low, high), width, height - 2, look.markers).rows
    return filled([fitted(told(answers), width), fitted(title, width), *picture], width, height)
