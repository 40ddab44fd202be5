"""A map's file: what is in it, and that it can be gone on with whatever ended the writer."""

import csv
import json
import shutil
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from helpers import experiment

from gradsim.errors import InputError
from gradsim.insight.map.axes import read_axis
from gradsim.insight.map.cells import Cell
from gradsim.insight.map.plan import Plan, plan
from gradsim.insight.map.store import COLUMNS, MARK, MapFile


def declared(
    x: str = "initializer-gain=0.5:3:2",
    y: str = "loss=mean-squared-error,softmax-cross-entropy",
    value: str = "slope",
    steps: int | None = None,
    **knobs: Any,
) -> Plan:
    base = experiment(**{"depth": 3, "width": 4, **knobs})
    return plan(base, read_axis(x, "--x"), read_axis(y, "--y"), value, steps)


CELLS = (
    Cell((0, 0), "healthy", -0.1, 1 / 3, None, None, 0.9, 1e-300, 0.25),
    Cell((1, 0), "not-finite", nan, -inf, None, None, None, None, 0.5),
    Cell((0, 1), "", seconds=0.125, reason='no "cell", as it is too large'),
    Cell((1, 1), "vanishing", -inf, -5e-324, None, None, 1.0, 0.0, 0.0625),
)


def same(one: dict[Any, Cell], other: dict[Any, Cell]) -> bool:
    """Equal, where NaN equals NaN."""
    return repr(sorted(one.items())) == repr(sorted(other.items()))


def written(path: Path, found: Plan, cells: tuple[Cell, ...] = CELLS) -> dict[Any, Cell]:
    with MapFile(path, found) as file:
        file.add(cells)
    return {cell.place: cell for cell in cells}


def test_every_number_comes_back_to_the_bit(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    wanted = written(path, declared())
    with MapFile(path, declared()) as file:
        assert same(file.cells, wanted)


def test_the_file_is_csv_that_says_what_it_is_of(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    written(path, declared())
    first, *lines = path.read_text(encoding="utf-8").split("\n")
    said = json.loads(first.removeprefix(MARK))
    assert said["x"] == {"knob": "initializer-gain", "values": [0.5, 3.0]}
    assert said["experiment"]["depth"] == 3
    rows = list(csv.DictReader(lines))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["x"], row["y"]) for row in rows] == [
        ("0.5", "mean-squared-error"),
        ("3.0", "mean-squared-error"),
        ("0.5", "softmax-cross-entropy"),
        ("3.0", "softmax-cross-entropy"),
    ]
    assert [row["value"] for row in rows] == [repr(1 / 3), "-inf", "", "-5e-324"]
    assert rows[1]["reach_decades"] == "NaN"
    assert rows[2]["reason"] == 'no "cell", as it is too large'


def test_a_file_cut_off_at_any_byte_is_mended_and_gone_on_with(tmp_path: Path) -> None:
    whole = tmp_path / "whole.csv"
    written(whole, declared())
    content = whole.read_bytes()
    head = content.index(b"\n", content.index(b"\n") + 1) + 1
    path = tmp_path / "map.csv"
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        with MapFile(path, declared()) as file:
            complete = content[head : max(length, head)].count(b"\n")
            assert list(file.cells) == [cell.place for cell in CELLS[:complete]]
            file.add(CELLS[complete:])
        assert path.read_bytes() == content


def test_a_new_file_has_its_head_at_once(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    with MapFile(path, declared()) as file:
        assert path.read_text(encoding="utf-8").count("\n") == 2
        file.add(CELLS[:1])
        assert path.read_text(encoding="utf-8").count("\n") == 3  # not only when it is closed


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"x": "learning-rate=0.5:3:2"}, "its x is initializer-gain, not learning-rate"),
        ({"x": "initializer-gain=0.5:3:3"}, "its x has other values of initializer-gain"),
        ({"y": "loss=softmax-cross-entropy"}, "its y has other values of loss"),
        ({"depth": 5}, "its depth is 3, not 5"),
        ({"steps": 7}, "it was measured at step 0, not 7"),
        ({"value": "loss", "steps": 0}, "it does not have the loss"),
    ],
)
def test_another_map_is_refused_and_left_as_it_is(
    tmp_path: Path, other: dict[str, Any], words: str
) -> None:
    path = tmp_path / "map.csv"
    written(path, declared())
    before = path.read_bytes()
    with pytest.raises(InputError) as error:
        MapFile(path, declared(**other))
    assert words in error.value.problems[0]
    assert str(path) in error.value.problems[0]
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["x,y,value\n1,2,3\n", "hello", "# gradsim", "\x89PNG\n"])
def test_a_file_that_is_no_map_is_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(content, encoding="utf-8")
    if content == "# gradsim":  # a head that was cut off is one of ours
        written(path, declared())
        return
    with pytest.raises(InputError) as error:
        MapFile(path, declared())
    assert "no map of gradsim" in error.value.problems[0]
    assert path.read_text(encoding="utf-8") == content


def test_a_head_cut_off_of_another_map_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    written(path, declared(depth=5))
    content = path.read_bytes()
    content = content[: content.index(b'"depth": 5') + 12]
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        MapFile(path, declared())
    assert "no cells yet" in error.value.problems[0]
    assert path.read_bytes() == content


@pytest.mark.parametrize("row", ["1,2", "9.0,mean-squared-error,1,a,1,1,1,1,1,1,1,", "", "a" * 99])
def test_a_damaged_row_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "map.csv"
    written(path, declared())
    lines = path.read_text(encoding="utf-8").split("\n")
    lines.insert(3, row)
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as error:
        MapFile(path, declared())
    assert f"{path}, line 4: this is no row of this map" in error.value.problems[0]


def test_the_same_map_can_show_another_value(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    wanted = written(path, declared())
    with MapFile(path, declared(value="reach")) as file:
        assert same(file.cells, wanted)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").split("\n")[1:]))
    assert [row["value"] for row in rows] == [row["reach_decades"] for row in rows]
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere" / "map.csv", tmp_path / ("x" * 400)):
        with pytest.raises(InputError) as error:
            MapFile(path, declared())
        assert error.value.problems[0].startswith(f"{path}: the map cannot be kept there: ")


def test_data_that_has_changed_is_another_map(tmp_path: Path) -> None:
    data, path = tmp_path / "data.csv", tmp_path / "map.csv"
    rows = [f"{k % 7},{k * k % 11},{'ab'[k % 2]}" for k in range(200)]
    data.write_text("\n".join(["p,q,kind", *rows]), encoding="utf-8")
    written(path, declared(y="depth=2,3", data=str(data)), CELLS[:0])
    copy = tmp_path / "copy.csv"
    shutil.copy(path, copy)
    data.write_text("\n".join(["p,q,kind", *rows[:-1], "5,5,a"]), encoding="utf-8")
    with pytest.raises(InputError) as error:
        MapFile(copy, declared(y="depth=2,3", data=str(data)))
    assert "its data file had another content" in error.value.problems[0]
