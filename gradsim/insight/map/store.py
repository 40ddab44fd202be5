"""A map's file: CSV, a row for each cell as it was measured; a map goes on where its file ends."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from math import isnan
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from gradsim.errors import InputError
from gradsim.experiment.build import load_data
from gradsim.experiment.own_files import is_file
from gradsim.files import write_whole
from gradsim.insight.map.axes import shown
from gradsim.insight.map.cells import NUMBERS, Cell
from gradsim.insight.map.order import Place
from gradsim.insight.map.plan import VALUES, Plan

MARK = "# gradsim map/1 "
"""What the first line begins with; behind it stands the declaration, as JSON."""

COLUMNS = ("x", "y", "value", "shape", *NUMBERS, "reason")
"""The second line. The knobs are named in the first: one of them may be called `loss` too."""

LARGEST = 64 * 2**20
"""Bytes of the largest file that is read: many times that of the largest map."""


def declaration(plan: Plan) -> dict[str, Any]:
    """All that decides the numbers of a map, fit for JSON."""
    declared: dict[str, Any] = {
        "experiment": plan.base.settings(),
        "x": {"knob": plan.x.knob, "values": list(plan.x.values)},
        "y": {"knob": plan.y.knob, "values": list(plan.y.values)},
        "value": plan.value,
        "steps": plan.steps,
        "held-out": plan.held_out,
    }
    if is_file(plan.base.data) and "data" not in (plan.x.knob, plan.y.knob):
        data, content = load_data(plan.base), sha256()
        for array in (data.inputs, data.targets, data.held_out_inputs, data.held_out_targets):
            content.update(array.tobytes())
        declared["data-content"] = content.hexdigest()
    return declared


class MapFile:
    """The file of a map, open for more rows. `cells` holds those that were in it.

    Raises InputError, a sentence, where it cannot be written, is no map, or is one of another
    experiment, other axes or other steps. A last line that was cut off, by whatever ended the
    writer, is taken away and its cell is missing again. The same map with another value to show is
    written anew, if it holds that value.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        self._plan = plan
        self._name = str(path)
        head = MARK + json.dumps(declaration(plan)) + "\n" + _line(COLUMNS)
        try:
            text = self._repaired(path, head)
            self.cells = self._read(text)
            same = text.startswith(head)
            if text and not same:
                text = head + "".join(self._row(cell) for cell in self.cells.values())
                write_whole(path, text.encode())
            self._file: TextIO = path.open("a", encoding="utf-8", newline="")
            if not text:
                self._write(head)
        except OSError as error:
            raise InputError(
                f"{path}: the map cannot be kept there: {(error.strerror or str(error)).lower()}"
            ) from None

    def add(self, cells: Iterable[Cell]) -> None:
        """Append rows; they are with the operating system when this returns."""
        self._write("".join(self._row(cell) for cell in cells))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "MapFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, text: str) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise InputError(
                f"{self._name}: the map cannot be kept there: "
                f"{(error.strerror or str(error)).lower()}"
            ) from None

    def _repaired(self, path: Path, head: str) -> str:
        """The whole lines of a file; what follows the last of them is taken out of the file."""
        if not path.exists():
            return ""
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        begun = content[: len(MARK)]
        if not MARK.encode().startswith(begun) or len(content) > LARGEST:
            raise InputError(
                f"{path}: this file is no map of gradsim, and is left as it is: name another one"
            )
        whole = content[: content.rfind(b"\n") + 1]
        if whole.count(b"\n") < 2:
            # Cut off in the head: there is no cell in it. Another map's head is not ours to mend.
            if not head.encode().startswith(content):
                raise InputError(
                    f"{path}: this map has no cells yet and is of another experiment or other "
                    "axes: name another file, or remove it"
                )
            whole = b""
        if whole != content:
            with path.open("rb+") as file:
                file.truncate(len(whole))
        try:
            return whole.decode("utf-8")
        except UnicodeDecodeError:
            raise InputError(f"{path}: this map is damaged: it is not UTF-8") from None

    def _read(self, text: str) -> dict[Place, Cell]:
        if not text:
            return {}
        lines = text.split("\n")[:-1]
        self._compare(lines[0])
        if lines[1].split(",") != list(COLUMNS):
            raise InputError(
                f"{self._name}, line 2: the columns must be {', '.join(COLUMNS)}: "
                "name another file, or remove it"
            )
        columns, rows = (
            {_text(value): index for index, value in enumerate(axis.values)}
            for axis in (self._plan.x, self._plan.y)
        )
        cells: dict[Place, Cell] = {}
        for number, row in enumerate(csv.reader(lines[2:]), start=3):
            try:
                cell = _cell_of(row, columns, rows)
            except (KeyError, ValueError):
                raise InputError(
                    f"{self._name}, line {number}: this is no row of this map; "
                    "take the line out, and its cell is measured again"
                ) from None
            cells[cell.place] = cell
        return cells

    def _compare(self, first: str) -> None:
        """Raise InputError where the file was written for another map."""
        try:
            found = json.loads(first[len(MARK) :])
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise InputError(f"{self._name}, line 1: this is no declaration of a map")
        wanted = json.loads(json.dumps(declaration(self._plan)))
        other = _difference(found, wanted)
        if other:
            raise InputError(
                f"{self._name}: this is another map: {other}: name another file, or remove it"
            )

    def _row(self, cell: Cell) -> str:
        changes = list(self._plan.changes(cell.place).values())
        value = getattr(cell, VALUES[self._plan.value].column)
        numbers = (getattr(cell, name) for name in NUMBERS)
        return _line(
            [*map(_text, [*changes, value]), cell.shape, *map(_text, numbers), cell.reason]
        )


def _cell_of(row: list[str], columns: Mapping[str, int], rows: Mapping[str, int]) -> Cell:
    """The cell of a row; raises KeyError or ValueError where it is none of this map."""
    x, y, _, shape, *numbers, reason = row
    reach, slope, loss, accuracy, factor, theory, seconds = map(_number, numbers)
    place = columns[x], rows[y]
    return Cell(place, shape, reach, slope, loss, accuracy, factor, theory, seconds or 0.0, reason)


def _number(text: str) -> float | None:
    return float(text) if text else None


def _difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """What differs first, in words; nothing where the file can be gone on with."""
    for axis in ("x", "y"):
        theirs, ours = found.get(axis), wanted[axis]
        if theirs != ours:
            theirs = theirs if isinstance(theirs, dict) else {}
            if theirs.get("knob") != ours["knob"]:
                return f"its {axis} is {theirs.get('knob')}, not {ours['knob']}"
            return f"its {axis} has other values of {ours['knob']}"
    theirs, ours = found.get("experiment"), wanted["experiment"]
    theirs = theirs if isinstance(theirs, dict) else {}
    for knob in {**ours, **theirs}:
        if theirs.get(knob) != ours.get(knob):
            named = [_known(settings, knob) for settings in (theirs, ours)]
            return f"its {knob} is {named[0]}, not {named[1]}"
    if found.get("steps") != wanted["steps"]:
        return f"it was measured at step {found.get('steps')}, not {wanted['steps']}"
    if wanted["held-out"] and not found.get("held-out"):
        return f"it does not have the {wanted['value']}"
    if found.get("data-content") != wanted.get("data-content"):
        return "its data file had another content"
    return ""


def _known(settings: Mapping[str, Any], knob: str) -> str:
    if knob not in settings:
        return "not set"
    return shown(settings[knob]) or "empty"


def _text(value: Any) -> str:
    """A value with all its digits; nothing where it was not measured."""
    if value is None:
        return ""
    if isinstance(value, float):
        return "NaN" if isnan(value) else repr(value)
    return str(value)


def _line(row: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()
