"""The picture of the ledger: its bars are as long as its numbers, its factors multiply."""

from math import log10
from typing import Any

import pytest
from helpers import experiment

from gradsim.insight.ledger import Ledger, Part
from gradsim.insight.reckoning import ledger
from gradsim.simulation.session import Session
from gradsim.view.ledger import SIGNS, bars, formula, layer_at, rows, selected_block, words
from gradsim.view.lines import length, plain


def ledger_of(**knobs: Any) -> Ledger:
    return ledger(Session(experiment(**({"depth": 6, "width": 16} | knobs))))


@pytest.mark.parametrize("most", [2, 3, 7, 40])
@pytest.mark.parametrize("depth", [1, 6, 31])
def test_rows_add_up_to_the_whole_however_few_there_are(depth: int, most: int) -> None:
    found = ledger_of(depth=depth, activation="tanh", skip="residual")
    shown = rows(found, most)
    assert len(shown) <= most
    assert sum(row.decades for row in shown[1:]) == pytest.approx(found.decades)
    parts = found.debts()
    for part in Part:
        assert sum(row.parts[part] for row in shown[1:]) == pytest.approx(parts[part])
    assert [row.has(1) for row in shown] == [False] * (len(shown) - 1) + [True]
    assert shown[0].has("output")


def test_a_bar_is_as_long_as_its_number() -> None:
    found = ledger_of()
    drawn = bars(found, 3, 100, 10, "ascii")
    middle = plain(drawn[2:3]).index("|")
    cells = {}
    for row, line in zip(rows(found, 8), drawn[2:], strict=False):
        text = plain([line])
        assert text[middle] == "|"
        taken = text[:middle].count("#") + text[:middle].count("%")
        lost = -sum(value for value in row.parts.values() if value < 0)
        cells[row.name] = taken, lost
        added = text[middle + 1 :].count("%")
        assert (added > 0) == (row.parts[Part.WEIGHTS] * 100 > 1.0) or added < 2
    scale = max(taken / lost for taken, lost in cells.values() if taken > 3)
    for taken, lost in cells.values():
        assert taken == pytest.approx(lost * scale, abs=1.1)


def test_where_there_is_room_bars_are_taller_and_each_line_is_of_its_layer() -> None:
    found = ledger_of(depth=3)
    drawn = plain(bars(found, 3, 100, 14, "ascii")).splitlines()
    assert [line[:10].strip() for line in drawn[2:14:3]] == [
        "output", "▶layer 3", "layer 2", "layer 1",
    ]  # fmt: skip
    assert drawn[6][10:90] == drawn[5][10:90]
    assert {line.strip() for line in drawn[4:14:3]} == {"|"}
    layers = [layer_at(found, 14, y) for y in range(15)]
    assert layers == [None, None, *["output"] * 3, *[3] * 3, *[2] * 3, *[1] * 3, None]


@pytest.mark.parametrize("width", [40, 76, 118])
@pytest.mark.parametrize("markers", ["braille", "ascii"])
def test_every_line_is_as_wide_as_asked(width: int, markers: Any) -> None:
    found = ledger_of(skip="residual-scaled", normalization="batch", activation="gelu")
    lines = [*bars(found, "output", width, 9, markers), *words(found, 4, width, 7)]
    assert {length(line) for line in lines} == {width}
    assert len(lines) <= 16
    text = plain(lines)
    for part in set(Part) - {Part.GATES}:
        assert SIGNS[part][1 if markers == "ascii" else 0] in text


def test_the_factors_of_a_formula_multiply_to_what_arrives() -> None:
    found = ledger_of(skip="residual-scaled", normalization="layer")
    block = selected_block(found, 3)
    assert block.last == 3
    for path in block.paths:
        told = plain(formula(block, path, 200)).splitlines()[-1].replace("x", " ").replace("=", " ")
        *factors, arrives = (float(word) for word in told.split())
        assert sum(map(log10, factors)) == pytest.approx(log10(arrives), abs=0.02)
        assert factors[0] == pytest.approx(block.norm_in, rel=0.01)


def test_a_dead_network_says_where_nothing_arrives() -> None:
    found = ledger_of(activation="relu", initializer="zeros")
    text = plain(bars(found, 1, 80, 9, "braille"))
    assert "output    " in text
    assert "nothing comes through" in text
    assert text.count("nothing arrives") == 6
    assert "Nothing arrives at layer 2" in plain(words(found, 2, 80, 6))


def test_words_that_go_on_end_with_an_ellipsis() -> None:
    found = ledger_of()
    whole = words(found, 3, 60, 40)
    for height in range(1, 8):
        told = words(found, 3, 60, height)
        assert len(told) == height
        assert {length(line) for line in told} == {60}
        assert plain(told[-1:]).rstrip().endswith("…")
    assert "…" not in plain(whole)
