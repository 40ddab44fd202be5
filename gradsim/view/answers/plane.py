"""The decision map: what the network answers everywhere in the plane, training points over it."""

import numpy as np

from gradsim.insight.answers import Answers, chosen, confidence, extent
from gradsim.nn.arrays import Array
from gradsim.numbers import share
from gradsim.view.answers.look import ROLES, Look, filled, sign, told
from gradsim.view.lines import Line, Run, beside, fitted, wrapped_words
from gradsim.view.plot import Markers

TEXTURES = (" .:%", "~-=≡", "'+x#")
TEXTURES_ASCII = (" .:%", "~-=H", "'+x#")
"""Signs of a cell from unsure to sure, one row for each of the first classes.

None covers its cell as shades do: on a bright ground they would make the surest look dark.
"""

LEVELS = 4
SIDE = 30
"""Width of the words beside the map."""

GAP = 3
POINTS = ("some", "all", "none")


def size_of(width: int, height: int) -> tuple[int, int]:
    """Rows and columns of the map: cells are twice as tall as wide."""
    columns = min(max(12, width - SIDE - GAP), 2 * height + height // 3)
    return max(1, height), max(1, min(columns, width))


def plane(answers: Answers, width: int, height: int, look: Look) -> list[Line]:
    """The map at the left, words at the right: exactly `height` lines."""
    columns = answers.grid[1]
    picture = filled(_map(answers, look), columns, height)
    side = width - columns - GAP
    if side < SIDE // 2:
        return [fitted(line, width) for line in picture]
    return beside(picture, filled(_words(answers, side, look), side, height))


def _map(answers: Answers, look: Look) -> list[Line]:
    rows, columns = answers.grid
    best = chosen(answers.around)
    level = levels(answers)
    points = _points(answers, look)
    lines = []
    for row in range(rows):
        runs: list[Run] = []
        for column in range(columns):
            k = row * columns + column
            ground = _role(int(best[k]), int(level[k]))
            here = points.get((row, column))
            if here is None:
                runs.append((texture(int(best[k]), int(level[k]), look.markers), ground))
            else:
                role = f"{ground}-mark" if ground.startswith(ROLES) else "selected"
                runs.append((sign(here, look.markers), role))
        lines.append(fitted(runs, columns))
    return lines


def levels(answers: Answers) -> Array:
    """How sure each cell is, from 0 (as good as a guess) to 3."""
    count = max(2, len(answers.data.classes))
    sure = np.max(confidence(answers.around, answers.experiment.loss), axis=1)
    above = (np.nan_to_num(sure) - 1.0 / count) / (1.0 - 1.0 / count)
    return np.asarray(np.clip((above * LEVELS).astype(np.int64), 0, LEVELS - 1))


def texture(index: int, level: int, markers: Markers) -> str:
    """The sign of a cell: its class by the kind of sign, how sure by how much of it."""
    if index < 0:
        return "?"
    textures = TEXTURES_ASCII if markers == "ascii" else TEXTURES
    if index < len(textures):
        return textures[index][level]
    return sign(index, "ascii")


def _role(index: int, level: int) -> str:
    if index < 0:
        return "mark"
    if index >= len(ROLES):
        return "quiet"
    return f"{ROLES[index]}-{2 * level + 2 if ROLES[index] == 'map-level' else level + 1}"


def _points(answers: Answers, look: Look) -> dict[tuple[int, int], int]:
    """Cells with a training point in them, and its class."""
    rows, columns = answers.grid
    data = answers.data
    way = POINTS[look.more % len(POINTS)]
    if way == "none":
        return {}
    most = max(20, rows * columns // 12) if way == "some" else len(data.inputs)
    low, high = extent(data)
    out = {}
    for (x, y), label in zip(data.inputs[:most], data.targets[:most], strict=True):
        column = int((x - low[0]) / (high[0] - low[0]) * columns)
        row = int((high[1] - y) / (high[1] - low[1]) * rows)
        out[min(row, rows - 1), min(column, columns - 1)] = int(label)
    return out


def _words(answers: Answers, width: int, look: Look) -> list[Line]:
    blank = fitted([], width)
    text = "".join(part for part, _ in told(answers))
    lines = [*wrapped_words(text, "value", width), blank]
    right, best = answers.right(), answers.targets
    name_width = max(len(name) for name in answers.data.classes[:8])
    for index, name in enumerate(answers.data.classes[:8]):
        mine = best == index
        part = float(np.mean(right[mine])) if mine.any() else float("nan")
        bar = [(texture(index, level, look.markers), _role(index, level)) for level in range(4)]
        parts: list[Run] = [(f"{sign(index, look.markers)} ", "value"), *bar]
        parts += [(f" {name:<{name_width}}  ", "label"), (share(part, 0), "value")]
        lines.append(fitted([*parts, (" right", "label")], width))
    way = POINTS[look.more % len(POINTS)]
    note = (
        "A cell shows the class answered there: the denser, the surer. "
        f"Over it {way} of the training points."
    )
    return [*lines, blank, *wrapped_words(note, "label", width)]
