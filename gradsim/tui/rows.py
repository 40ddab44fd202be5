"""The rows of the panel of knobs: groups of knobs, each with its value and its marks."""

from collections.abc import Iterable, Mapping

from rich.table import Table
from rich.text import Text

from gradsim.experiment.experiment import DEFAULTS, PARTS, Experiment
from gradsim.tui.places import Place, spans
from gradsim.tui.switching import idle, shown
from gradsim.tui.theme import style
from gradsim.view.key_words import Told

BLANK = Text(" ")

BEGINNINGS = (*PARTS, "depth", "batch-size", "seed")
"""Knobs that begin a group: a part with its settings, the size, the data, the numbers."""

Cell = tuple[str, str, int | None]
"""Text, role, and width; None for the rest of the row."""


def groups(names: Iterable[str]) -> list[list[str]]:
    """Knobs in groups with a part and its settings together."""
    out: list[list[str]] = []
    for name in names:
        if not out or name in BEGINNINGS:
            out.append([])
        out[-1].append(name)
    return out


def place_row(place: Place, goal: Place, keys: Mapping[str, str], told: Told) -> Table:
    """The first row: where values are set."""
    return _grid(
        ("", "key", 1),
        ("", "key", _wide(keys)),
        ("layer:", "title", 23),
        (place.title, "value", 22),
        (told(f"⟨knob-list.go-to-layer⟩: {goal.words}"), "label", None),
    )


def knob_row(experiment: Experiment, knob: str, place: Place, keys: Mapping[str, str]) -> Table:
    """A knob with its key and its value: in brackets where it does nothing now, and marked.

    `◆` is a layer's own value, `*` one that is not the default.
    """
    values = place.values(experiment, knob)
    own = place.own(experiment, knob)
    nothing = bool(idle(experiment, knob, place))
    value = ", ".join(shown(value) for value in values)
    mark = "◆" if place.layers and own else " " if values == [DEFAULTS[knob]] else "*"
    note = ""
    if own and not place.layers:
        note = f"own in {spans(own)}"
    elif own:
        note = f"all: {shown(experiment.value(knob))}"
        if len(own) < len(place.layers):
            note = f"own in {spans(own)}; {note}"
    indent = "" if knob in BEGINNINGS else "  "
    return _grid(
        (mark, "quiet" if nothing else "message", 1),
        (keys[knob], "quiet" if nothing else "key", _wide(keys)),
        (f"{indent}{knob}", "quiet" if nothing else "text", 23),
        (f"({value})" if nothing else value, "quiet" if nothing else "value", 22),
        (note, "label", None),
    )


def _wide(keys: Mapping[str, str]) -> int:
    """Cells for the keys of knobs."""
    return max(map(len, keys.values()))


def choice_row(choice: str, formula: str) -> Table:
    """A choice with its formula."""
    return _grid((choice, "value", 22), (formula, "label", None))


def _grid(*cells: Cell) -> Table:
    table = Table.grid(padding=(0, 1))
    for _, _, width in cells:
        table.add_column(width=width, no_wrap=True)
    table.add_row(*(Text(text, style(role)) for text, role, _ in cells))
    return table
