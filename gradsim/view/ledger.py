"""The ledger as a picture: a stacked bar for each layer, and the selected layer in its numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan

from gradsim.insight.ledger import Block, Entry, Ledger, Part, Path
from gradsim.nn.network import LayerName
from gradsim.numbers import number, signed
from gradsim.view.lines import Line, Run, ended, fitted, joined, length, tall, wrapped_words
from gradsim.view.plot import Markers

SIGNS: dict[Part, tuple[str, str, str]] = {
    Part.ACTIVATION: ("█", "#", "part-activation"),
    Part.WEIGHTS: ("▒", "%", "part-weights"),
    Part.NORMALIZATION: ("▓", "=", "part-normalization"),
    Part.SKIP: ("░", "-", "part-skip"),
    Part.GATES: ("▞", "+", "part-skip"),
}
"""Each part's sign in a bar, the same in ASCII, and its role."""

NAME, NUMBER = 10, 7
"""Cells for the name of a block, and for its decades."""

LEAST_BAR = 12

_BRACKETS = re.compile(r" \(effective slope[^)]*\)")


@dataclass(frozen=True, slots=True)
class Row:
    """A bar of the picture: one block, or several that share a line."""

    noun: str
    first: LayerName
    last: LayerName
    given: float
    """Norm of the gradient that comes in."""
    decades: float
    parts: dict[Part, float]

    @property
    def name(self) -> str:
        """`layer 7`, `7 to 9`, `output`."""
        if self.first == self.last:
            return "output" if self.last == "output" else f"{self.noun} {self.last}"
        return f"{self.first}-{self.last}"

    def has(self, layer: LayerName) -> bool:
        """Whether a layer is among those of the bar."""
        if "output" in (layer, self.last):
            return layer == self.last
        return int(self.first) <= int(layer) <= int(self.last)


def rows(ledger: Ledger, most: int) -> list[Row]:
    """A row for each block, from the head down to layer 1; where there are more, some together."""
    blocks = list(ledger.blocks)
    each = max(1, -(-len(blocks[1:]) // max(1, most - 1)))
    groups = [blocks[:1]]
    groups += [blocks[start : start + each] for start in range(1, len(blocks), each)]
    return [
        Row(
            "layer" if group[0].axis == "layer" else "time",
            group[-1].first,
            group[0].last,
            group[0].norm_in,
            sum(block.decades for block in group),
            {part: sum(block.main.of(part) for block in group) for part in Part},
        )
        for group in groups
    ]


def bars(
    ledger: Ledger, selected: LayerName, width: int, height: int, markers: Markers
) -> list[Line]:
    """Legend and bars, the gradient coming in at the top: exactly `height` lines.

    To the left of the middle a part takes from the gradient, to the right it adds; the number is
    what all of the block does to it.
    """
    shown = rows(ledger, max(2, height - 2))
    room = max(LEAST_BAR, width - NAME - NUMBER - 2)
    loss, gain = _reach(shown)
    # The middle stands where both sides have the same scale.
    left = round((room - 1) * loss / (loss + gain)) if loss + gain else (room - 1) // 2
    scale = (room - 1) / (loss + gain) if loss + gain else 0.0
    several = any(len(block.paths) > 1 for block in ledger.blocks)
    lines = [_legend(shown, width, markers), _axis(left, room, width, several)]
    each = tall(len(shown), height - 2)
    gap = fitted([(" " * (NAME + left), ""), ("│" if markers != "ascii" else "|", "axis")], width)
    for row in shown:
        here = row.has(selected)
        name = f"{'▶' if here else ' '}{row.name:<{NAME - 1}}"[:NAME]
        bar = _bar(row, left, room - 1 - left, scale, markers)
        # Where nothing arrives nothing is changed either.
        total = f"{'–' if row.given == 0.0 else _decades(row.decades):>{NUMBER}}"
        lines.append(
            fitted(
                [
                    (name, "selected" if here else "label"),
                    *bar,
                    (total, "selected" if here else "value"),
                ],
                width,
            )
        )
        lines += [fitted([(" " * NAME, ""), *bar], width)] * (each - 2)
        lines += [gap] * (each > 1)
    return (lines + [fitted([], width)] * height)[:height]


def layer_at(ledger: Ledger, height: int, y: int) -> LayerName | None:
    """The layer whose bar is on a line of `bars`; of several the one nearest to the loss."""
    shown = rows(ledger, max(2, height - 2))
    index = (y - 2) // tall(len(shown), height - 2)
    return shown[index].last if 0 <= index < len(shown) else None


def _reach(shown: Sequence[Row]) -> tuple[float, float]:
    """How far the longest bar reaches to either side, in decades."""
    loss = gain = 0.0
    for row in shown:
        known = [value for value in row.parts.values() if isfinite(value)]
        loss = max(loss, -sum(value for value in known if value < 0))
        gain = max(gain, sum(value for value in known if value > 0))
    return loss, gain


def _bar(row: Row, left: int, right: int, scale: float, markers: Markers) -> list[Run]:
    if row.given == 0.0:
        return [("nothing arrives".center(left + right + 1), "mark")]
    if row.decades == -inf or not all(isfinite(v) for v in row.parts.values()):
        word = "nothing comes through" if row.decades == -inf else "leaves the number range"
        return [(word[: left + right + 1].center(left + right + 1), "mark")]
    losses = _stack(row, -1, scale, markers)
    gains = _stack(row, 1, scale, markers)
    lead = left - length(losses)
    tail = right - length(gains)
    return [
        (" " * lead, ""),
        *reversed(losses),
        ("│" if markers != "ascii" else "|", "axis"),
        *gains,
        (" " * tail, ""),
    ]


def _stack(row: Row, way: int, scale: float, markers: Markers) -> list[Run]:
    """The parts on one side, from the middle outward; together rounded to whole cells."""
    runs: list[Run] = []
    done = total = 0.0
    for part, value in row.parts.items():
        if value * way > 0:
            total += abs(value) * scale
            cells = int(total + 0.5) - int(done + 0.5)
            done = total
            sign = SIGNS[part][1 if markers == "ascii" else 0]
            runs.append((sign * cells, SIGNS[part][2]))
    return runs


def _legend(shown: Sequence[Row], width: int, markers: Markers) -> Line:
    there = [part for part in Part if any(row.parts[part] for row in shown)]
    samples: list[list[Run]] = [
        [(SIGNS[part][1 if markers == "ascii" else 0] * 2, SIGNS[part][2]), (f" {part}", "label")]
        for part in there
    ]
    return fitted(joined(samples), width)


def _axis(left: int, room: int, width: int, several: bool) -> Line:
    """What the two sides mean; of several paths the bars show the one that brings the most."""
    lost, gained = "◀ takes", "adds ▶"
    before = lost.ljust(left)[:left] if left > len(lost) else " " * left
    after = gained.rjust(room - 1 - left) if room - 1 - left > len(gained) else ""
    name, total = ("main path", "all paths") if several else ("", "decades")
    told: list[Run] = [(name.ljust(NAME), "label"), (before, "label"), ("┬", "axis")]
    head = fitted([*told, (after, "label")], width - len(total))
    return fitted([*head, (total, "label")], width)


def _decades(value: float) -> str:
    if isfinite(value):
        return signed(value)
    return "-∞" if value == -inf else "?"


def selected_block(ledger: Ledger, layer: LayerName) -> Block:
    """The block that a layer belongs to."""
    for block in ledger.blocks:
        if block.last == layer or (
            "output" not in (layer, block.last)
            and int(block.first) <= int(layer) <= int(block.last)
        ):
            return block
    return ledger.blocks[-1]


def words(ledger: Ledger, layer: LayerName, width: int, height: int) -> list[Line]:
    """The whole in a sentence, the selected layer's share of it, and its formula with numbers.

    At most `height` lines.
    """
    block = selected_block(ledger, layer)
    blank = [fitted([], width)]
    whole = wrapped_words(_capital(ledger.sentence), "label", width)
    own = wrapped_words(_capital(block.sentence), "text", width)
    paths = sorted(block.paths, key=lambda path: path is not block.main)
    formulas = [formula(block, path, width) for path in paths]
    if block.axis != "layer" and layer == 1:
        first = "Time step 1 is the first: its state goes no further back. Before it:"
        own = [*wrapped_words(first, "text", width), *own]
    # Where there is not room for all, the formula comes first: the bars show the whole.
    lines = [*own, *formulas[0], *whole]
    if len(own) + len(formulas[0]) > height:
        # What is in brackets is in the formula too.
        brief = _BRACKETS.sub("", _capital(block.sentence))
        lines = [*formulas[0], *wrapped_words(brief, "text", width)]
    if len(lines) + 2 <= height:
        lines = [*whole, *blank, *own]
        for each in formulas:
            if len(lines) + 1 + len(each) <= height:
                lines += [*blank, *each]
    return ended(lines, height, width)


def formula(block: Block, path: Path, width: int) -> list[Line]:
    """A path as a product, each factor over its own number, broken where the width asks for it.

    norm given x factor of each op = what arrives on the path.
    """
    if block.norm_in == 0.0:
        return [fitted([("nothing arrives here: there is nothing to pass on", "label")], width)]
    head = [("given", "|g|", number(block.norm_in), "label")]
    factors = [
        (f"{entry.op}{_place(entry, block)}", f"x {_formula(entry)}", f"x {_factor(entry)}",
         SIGNS[entry.part][2])
        for entry in path.entries
    ]  # fmt: skip
    # The power alone may leave the number range.
    brought = path.decades if isnan(path.decades) else 10.0 ** min(path.decades, 308.0)
    brought *= block.norm_in
    tail = [("arrives", "=", f"= {number(brought)}", "value")]
    told: list[Line] = []
    if len(block.paths) > 1:
        share = "carries nothing"
        if isfinite(path.share):
            share = f"{path.share:.0%} of the sum of all paths"
        told.append(fitted([(f"path {path.name}: ", "label"), (share, "value")], width))
    cells = [*head, *factors, *tail]
    while cells:
        taken = _as_many_as_fit(cells, width)
        for row, role in enumerate(("label", "text", "value")):
            runs: list[Run] = []
            for cell in cells[:taken]:
                runs.append((cell[row].ljust(_cell_width(cell)), cell[3] if row == 1 else role))
            runs[-1] = (runs[-1][0].rstrip(), runs[-1][1])
            told.append(fitted(runs, width))
        del cells[:taken]
    return told


def _cell_width(cell: tuple[str, ...]) -> int:
    return max(len(text) for text in cell[:3]) + 2


def _as_many_as_fit(cells: Sequence[tuple[str, ...]], width: int) -> int:
    used = 0
    for count, cell in enumerate(cells):
        used += _cell_width(cell)
        if used > width + 2:
            return max(1, count)
    return len(cells)


def _place(entry: Entry, block: Block) -> str:
    alone = block.axis != "layer" or entry.layer == block.last == block.first
    return "" if alone else f" {entry.layer}"


def _formula(entry: Entry) -> str:
    return {
        Part.WEIGHTS: "|W'g|/|g|",
        Part.ACTIVATION: "phi'(z)",
        Part.NORMALIZATION: "norm'",
        Part.SKIP: "join",
        Part.GATES: "gates",
    }[entry.part]


def _factor(entry: Entry) -> str:
    return number(entry.factor)


def _capital(sentence: str) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}"
