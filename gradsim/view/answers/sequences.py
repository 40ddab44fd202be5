"""A sequence, the answer to it and the target, and how far back the gradient reaches."""

from collections.abc import Sequence

import numpy as np

from gradsim.experiment.data import Data
from gradsim.insight.answers import Answers, chosen
from gradsim.insight.verdict.limits import NEARLY_ALL
from gradsim.insight.verdict.through_time import horizon
from gradsim.nn.arrays import Array
from gradsim.numbers import number
from gradsim.view.answers.look import Look, class_name, filled, told
from gradsim.view.heat import Lane
from gradsim.view.lines import Line, Run, fitted, spread, wrapped_words
from gradsim.view.scales import LEVELS

NAME = 10
REACH_ROWS, TALL_REACH_ROWS = 3, 6
TALL = 24
"""Lines from which the bars of the gradient are tall."""

SHORT = 14
"""Lines below which the gradient is told in a sentence alone."""

SYMBOLS = "abcd"


def sequences(
    answers: Answers, reach: Sequence[float] | None, width: int, height: int, look: Look
) -> list[Line]:
    """Held-out sequences with their answers; below, the gradient by time step, aligned with them.

    Exactly `height` lines.
    """
    order = answers.most_wrong() if look.only_wrong else np.arange(answers.rows)
    lane = Lane.of(answers.data.steps, width - NAME, 4)
    times: list[Run] = [(_times(lane), "label")]
    lines = [spread(told(answers), times if width >= 100 else [], width)]
    if not len(order):
        return filled([*lines, fitted([("none is wrong", "value")], width)], width, height)
    rows = TALL_REACH_ROWS if height >= TALL else REACH_ROWS
    below = [fitted([], width), *reached(reach, lane, width, rows)] if reach else []
    if reach and height < SHORT:
        below = reached(reach, lane, width, 0)[1:]
    room = height - len(lines) - len(below)
    one = _sequence(answers, int(order[0]), lane, width, room)
    each = max(1, (room + 1) // (len(one) + 2))
    pages = -(-len(order) // each)
    page = look.page % pages
    at = f"page {page + 1} of {pages}" + (", only wrong" if look.only_wrong else "")
    for row in order[page * each : (page + 1) * each]:
        title = spread([(f"sequence {row}", "selected")], [(at, "label")], width)
        lines += [title, *_sequence(answers, int(row), lane, width, room), fitted([], width)]
        at = ""
    return filled([*filled(lines, width, height - len(below)), *below], width, height)


def _sequence(answers: Answers, row: int, lane: Lane, width: int, room: int) -> list[Line]:
    """A sequence and the answer to it, with room for a title."""
    told_of = _answer(answers, row, lane, width)
    return [*_inputs(answers, row, lane, width, room - len(told_of) - 1), *told_of]


def _times(lane: Lane) -> str:
    if lane.blocks < lane.count:
        return f"{lane.count} time steps, each column holds the largest of several"
    return f"{lane.count} time steps from left to right"


def _inputs(answers: Answers, row: int, lane: Lane, width: int, most: int) -> list[Line]:
    """A line for each input over time; symbols where the inputs are symbols."""
    data = answers.data
    values = data.held_out_inputs[row].reshape(data.steps, -1)
    if data.name == "copy":
        signs = [f"{SYMBOLS}·!"[int(k)] for k in np.argmax(values, axis=1)]
        return [_signs("shown", signs, lane, width)]
    if data.name == "recall":
        noise = _levels(values[:, -1], _limits(data, -1))
        noise[0] = SYMBOLS[int(np.argmax(values[0]))]
        return [_signs("shown", noise, lane, width)]
    names = ("number", "marked") if data.name == "adding" else ()
    lines = []
    for k in range(min(values.shape[1], max(1, most))):
        name = names[k] if k < len(names) else f"input {k + 1}"
        lines.append(_bars(name, values[:, k], _limits(data, k), lane, width, "text"))
    if values.shape[1] > len(lines):
        lines[-1] = fitted([(f"{values.shape[1] - len(lines) + 1} more inputs", "label")], width)
    return lines


def _limits(data: Data, feature: int) -> tuple[float, float]:
    """The least and the largest value of one input, over all held-out sequences."""
    values = data.held_out_inputs.reshape(len(data.held_out_inputs), data.steps, -1)[:, :, feature]
    return float(values.min()), float(values.max())


def _bars(
    name: str, values: Array, limits: tuple[float, float], lane: Lane, width: int, role: str
) -> Line:
    runs: list[Run] = [(f"{name:<{NAME}}"[:NAME], "label")]
    runs += [(level * lane.cells, role) for level in _levels(_blocks(values, lane), limits)]
    return fitted(runs, width)


def _levels(values: Sequence[float] | Array, limits: tuple[float, float]) -> list[str]:
    """A bar of one cell for each value; the least is blank."""
    low, high = limits
    with np.errstate(all="ignore"):
        parts = (np.asarray(values, np.float64) - low) / (high - low if high > low else 1.0)
    return [
        LEVELS[int(np.clip(np.ceil(part * 8), 0, 8))] if np.isfinite(part) else "?"
        for part in parts
    ]


def _blocks(values: Array, lane: Lane) -> list[float]:
    """The largest of each block of time steps."""
    ends = [*lane.starts[1:], lane.count]
    return [float(np.max(values[start:end])) for start, end in zip(lane.starts, ends, strict=True)]


def _signs(
    name: str, signs: Sequence[str], lane: Lane, width: int, roles: Sequence[str] | None = None
) -> Line:
    runs: list[Run] = [(f"{name:<{NAME}}"[:NAME], "label")]
    for start in lane.starts:
        role = roles[start] if roles else "value"
        runs.append((signs[start].ljust(lane.cells)[: lane.cells], role))
    return fitted(runs, width)


def _answer(answers: Answers, row: int, lane: Lane, width: int) -> list[Line]:
    """Target and answer: at every time step where there is one, else of the whole sequence."""
    data = answers.data
    if data.per_step and data.classes:
        wanted, said = data.held_out_targets[row], chosen(answers.output[row])
        right = said == wanted
        named = [[_short(answers, int(k)) for k in each] for each in (wanted, said)]
        roles = ["value" if ok else "mark" for ok in right]
        marks = [" " if ok else "✗" for ok in right]
        return [
            _signs("target", named[0], lane, width),
            _signs("answer", named[1], lane, width, roles),
            _signs("", marks, lane, width, roles),
        ]
    if data.per_step:
        wanted, said = data.held_out_targets[row][:, 0], answers.output[row][:, 0]
        limits = (float(wanted.min()), float(wanted.max()))
        return [
            _bars("target", wanted, limits, lane, width, "value"),
            _bars("answer", said, limits, lane, width, "live"),
        ]
    if data.classes:
        right, target = bool(answers.right()[row]), int(answers.targets[row])
        answer = int(answers.chosen()[row])
        sure = "?" if answer < 0 else f"{100 * float(answers.confidence()[row, answer]):.0f} %"
        mark: Run = ("✓ right", "value") if right else ("✗ wrong", "mark")
        told_of: list[Run] = [("target    ", "label"), (class_name(answers, target), "value"),
                              ("   answer ", "label"), (class_name(answers, answer), "value"),
                              (f" {sure}   ", "label"), mark]  # fmt: skip
        return [fitted(told_of, width)]
    wanted, said = answers.targets[row], answers.last[row]
    off = float(answers.errors()[row])
    numbers = [", ".join(number(float(v)) for v in each) for each in (wanted, said)]
    return [
        fitted(
            [("target    ", "label"), (numbers[0], "value"), ("   answer ", "label"),
             (numbers[1], "value"), (f"   off by {number(off)}", "label")],
            width,
        )
    ]  # fmt: skip


def _short(answers: Answers, index: int) -> str:
    name = class_name(answers, index)
    return "·" if name == "blank" else name[:1]


def reached(added: Sequence[float], lane: Lane, width: int, rows: int = REACH_ROWS) -> list[Line]:
    """What each time step brings of the recurrent gradient: bars, largest full, and a sentence."""
    values = np.asarray(added, np.float64)
    largest = float(values.max(initial=0.0))
    title = "recurrent gradient: what each time step brings of it"
    lines = [fitted([(title, "label")], width)]
    if not (largest > 0.0 and np.isfinite(largest)):
        word = "It is zero at every time step." if largest == 0.0 else "It is not finite."
        return [*lines, *wrapped_words(word, "mark", width)]
    eighths = [round(8 * rows * value / largest) for value in _blocks(values, lane)]
    for level in range(rows - 1, -1, -1):
        lead = "most" if level == rows - 1 else ("0" if level == 0 else "")
        runs: list[Run] = [(f"{lead:<{NAME}}", "label")]
        runs += [(LEVELS[int(np.clip(e - 8 * level, 0, 8))] * lane.cells, "live") for e in eighths]
        lines.append(fitted(runs, width))
    half, last = horizon(added, 0.5), horizon(added, NEARLY_ALL)
    told_of = (
        f"{NEARLY_ALL:.0%} of it comes from the last {last} of {len(values)} time steps, half of "
        f"it from the last {half}."
    )
    return [*lines, *wrapped_words(told_of, "text", width)]
