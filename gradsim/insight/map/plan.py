"""What a map is of: an experiment, two knobs with their values, a number, and how many steps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gradsim.errors import InputError
from gradsim.experiment.build import load_data
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.insight.map.axes import MOST_CELLS, Axis
from gradsim.insight.map.order import Place


class Value(NamedTuple):
    """A number that a map can show."""

    column: str
    """Its name in a row of the file."""
    unit: str
    about: str
    steps: int
    """Training steps before it is measured, where nothing is said."""


VALUES: dict[str, Value] = {
    "slope": Value("slope", "decades per layer", "slope of the activation gradient over depth", 0),
    "reach": Value(
        "reach_decades", "decades", "activation gradient at layer 1 over that at the last", 0
    ),
    "loss": Value("loss", "no unit", "loss on the held-out rows", 100),
    "accuracy": Value("accuracy", "share", "share of the held-out rows that are right", 100),
}
"""The numbers that a map can show, by name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A map to be measured. Made by `plan`, which checks it."""

    base: Experiment
    x: Axis
    y: Axis
    value: str
    steps: int

    @property
    def held_out(self) -> bool:
        """Whether loss and accuracy are measured; without training there is no need."""
        return self.steps > 0 or self.value in ("loss", "accuracy")

    @property
    def places(self) -> int:
        """How many cells there are."""
        return len(self.x.values) * len(self.y.values)

    def changes(self, place: Place) -> dict[str, Any]:
        """What a cell sets."""
        column, row = place
        return {self.x.knob: self.x.values[column], self.y.knob: self.y.values[row]}

    def words(self) -> str:
        """`slope at step 0, decades per layer`."""
        unit = VALUES[self.value].unit
        return f"{self.value} at step {self.steps}" + (f", {unit}" if unit != "no unit" else "")


def plan(
    base: Experiment,
    x: Axis,
    y: Axis,
    value: str = "slope",
    steps: int | None = None,
    flags: tuple[str, str] = ("--x", "--y"),
) -> Plan:
    """A map of `value` over two knobs; `steps` None is what is usual for the value.

    Raises InputError where both knobs are the same, there are too many cells, a knob does nothing
    anywhere on the map, no cell at all can be declared, or the value does not exist for the data.
    """
    if x.knob == y.knob:
        raise InputError(
            f"{flags[0]} and {flags[1]} are both {x.knob}: a map is over two different knobs"
        )
    found = Plan(base, x, y, value, VALUES[value].steps if steps is None else steps)
    if found.places > MOST_CELLS:
        raise InputError(
            f"{flags[0]} and {flags[1]} make {len(x.values)} x {len(y.values)} = {found.places} "
            f"cells, but at most {MOST_CELLS} are measured: lower a count"
        )
    _in_use(found, flags)
    if value == "accuracy" and "data" not in (x.knob, y.knob) and not load_data(base).classes:
        raise InputError(
            f"accuracy needs classes, but {base.data} has a number to predict: loss is right"
        )
    return found


def _in_use(found: Plan, flags: tuple[str, str]) -> None:
    """Raise InputError where an axis changes nothing, or where nothing fits together."""
    wanted = dict(zip((found.x.knob, found.y.knob), flags, strict=True))
    first: InputError | None = None
    some = False
    for changes in _all_changes(found):
        try:
            experiment = found.base.switch(changes)
        except InputError as error:
            first = first or error
            continue
        some = True
        wanted = {knob: flag for knob, flag in wanted.items() if not experiment.in_use(knob)}
        if not wanted:
            return
    if not some and first:
        raise InputError([f"no cell can be built: {problem}" for problem in first.problems[:1]])
    knob, flag = next(iter(wanted.items()))
    raise InputError(f"{flag}: {knob} does nothing here, so it cannot vary: {_needs(knob)}")


def _all_changes(found: Plan) -> Iterator[Mapping[str, Any]]:
    for row in range(len(found.y.values)):
        for column in range(len(found.x.values)):
            yield found.changes((column, row))


def _needs(knob: str) -> str:
    """Under which values of which other knob this one does something."""
    other, choices = KNOBS[knob.rpartition(".")[2]].used_with or ("", ())
    return f"it needs an empty {other}" if choices == ("",) else f"it is for {other} {_or(choices)}"


def _or(words: tuple[str, ...]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
