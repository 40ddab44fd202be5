"""The file format of a scenario: each kind of step is a model here, each key a field."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Any, Literal, TypeAlias
from unicodedata import category

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gradsim.errors import nearest
from gradsim.experiment.experiment import Experiment
from gradsim.insight.verdict import Shape
from gradsim.scenario.limits import MOST
from gradsim.scenario.quantities import QUANTITIES
from gradsim.scenario.words import shown
from gradsim.simulation.actions import Grain

TOLERANCE = 1e-6
"""How far from `equals` a measured value may be, as a share of it, where nothing is said."""


@dataclass(frozen=True, slots=True)
class Right:
    """On a field: what would be a right value, in words, to end a sentence with."""

    words: str


class TogetherError(ValueError):
    """Keys that are right each by itself and wrong together: (key, sentence about it) pairs."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{key} {words}".strip() for key, words in problems))


class Part(BaseModel):
    """A table of the file. Its keys are the aliases of the fields; no other key may stand in it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_name=False,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


def _one_line(text: str) -> str:
    if any(category(character) == "Cc" for character in text):
        raise ValueError("a control character")
    return text


def _text(text: str) -> str:
    # Text goes to a terminal as it is, so it must not be able to steer one.
    _one_line(text.translate({ord("\n"): " ", ord("\t"): " "}))
    return text


Line: TypeAlias = Annotated[
    str,
    Field(min_length=1),
    AfterValidator(_one_line),
    Right("a line of text, not empty, without control characters"),
]
Text: TypeAlias = Annotated[
    str,
    Field(min_length=1),
    AfterValidator(_text),
    Right("a text, not empty, without control characters"),
]
Count: TypeAlias = Annotated[int, Field(ge=1, le=MOST), Right(f"a whole number from 1 to {MOST}")]
Index: TypeAlias = Annotated[int, Field(ge=0), Right("a whole number from 0 on")]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False), Right("a finite number")]
Settings: TypeAlias = Annotated[
    dict[str, Any],
    Field(min_length=1),
    Right('a table of knobs, such as { activation = "relu" }'),
]


class Distance(Part):
    """How far to go, in one of four grains."""

    steps: Count | None = None
    ops: Count | None = None
    layers: Count | None = None
    phases: Count | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Distance":
        given, known = list(self.model_fields_set), list(Distance.model_fields)
        if len(given) != 1:
            found = f"has {' and '.join(sorted(given))}" if given else "is empty"
            raise TogetherError([("", f"{found}, but must have one of {', '.join(known)}")])
        return self

    @property
    def grain(self) -> Grain:
        """The grain in which it is counted."""
        return Grain(next(iter(self.model_fields_set)).removesuffix("s"))

    @property
    def count(self) -> int:
        """How many of them."""
        return int(getattr(self, next(iter(self.model_fields_set))))


class Expectation(Part):
    """A quantity of the report and what it must be; NaN is never above, below or equal."""

    quantity: Annotated[str, Right("the name of a quantity")]
    layer: Annotated[
        Annotated[int, Field(ge=1)] | Literal["output"] | None,
        Right('a layer\'s number, counted from 1, or "output"'),
    ] = None
    time: Annotated[Annotated[int, Field(ge=1)] | None, Right("a time step, counted from 1")] = None
    at_least: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    below: Number | None = None
    equals: Number | None = None
    is_: Annotated[str | None, Field(alias="is"), Right("a text")] = None
    finite: Annotated[bool | None, Right("true or false")] = None
    tolerance: Annotated[
        float, Field(ge=0.0, allow_inf_nan=False), Right("a share of at least 0, such as 0.01")
    ] = TOLERANCE

    @property
    def comparison(self) -> str:
        """The one comparison, by its key: `at-least`."""
        return next(key for key in COMPARISONS if self.side(key) is not None)

    def side(self, key: str) -> float | str | bool | None:
        """What a comparison compares with; None where it is not the one."""
        value: float | str | bool | None = getattr(self, COMPARISONS[key])
        return value

    @model_validator(mode="after")
    def _fits(self) -> "Expectation":
        problems = self._problems()
        if problems:
            raise TogetherError(problems)
        return self

    def _problems(self) -> list[tuple[str, str]]:
        problems = []
        given = [key for key in COMPARISONS if self.side(key) is not None]
        if not given:
            problems.append(("", f"compares nothing; give one of {', '.join(COMPARISONS)}"))
        elif len(given) > 1:
            problems.append(
                ("", f"has {' and '.join(given)}, but must have one comparison: make it two steps")
            )
        if "tolerance" in self.model_fields_set and "equals" not in given:
            problems.append(("tolerance", "goes with equals only"))
        return problems + self._about_quantity(given)

    def _about_quantity(self, given: list[str]) -> list[tuple[str, str]]:
        quantity = QUANTITIES.get(self.quantity)
        if quantity is None:
            hint = nearest(self.quantity, QUANTITIES)
            return [
                ("quantity", f"is {shown(self.quantity)}, but must be one of the report's; {hint}")
            ]
        problems = []
        if quantity.per_layer and self.layer is None:
            problems.append(
                (
                    "layer",
                    f"is missing: each layer has its own {self.quantity}; "
                    'give a number or "output"',
                )
            )
        if not quantity.per_layer and self.layer is not None:
            problems.append(("layer", f"must be left out: {self.quantity} is not one of a layer"))
        if self.time is not None and not (quantity.per_layer and isinstance(self.layer, int)):
            problems.append(("time", "goes with a quantity of a recurrent layer only"))
        if quantity.is_text:
            problems += [
                (key, f'compares numbers, but {self.quantity} is a word: use is = "vanishing"')
                for key in given
                if key != "is"
            ]
            if self.is_ is not None and self.is_ not in list(Shape):
                hint = nearest(self.is_, Shape)
                known = f"one of {', '.join(Shape)}"
                problems.append(
                    (
                        "is",
                        f"is {shown(self.is_)}, but must be {known}"
                        + (f"; {hint}" if hint.startswith("did") else ""),
                    )
                )
        elif self.is_ is not None:
            problems.append(
                ("is", f"compares words, but {self.quantity} is a number: use at-least or another")
            )
        return problems


COMPARISONS: dict[str, str] = {
    "at-least": "at_least",
    "at-most": "at_most",
    "above": "above",
    "below": "below",
    "equals": "equals",
    "is": "is_",
    "finite": "finite",
}
"""The keys of the comparisons, each with its field."""


class Say(Part):
    """Words for the one who watches; they stay until the next words."""

    say: Text


class Set(Part):
    """Knobs set to other values, all at once."""

    changes: Settings = Field(alias="set")


class Run(Part):
    """Going on: forward, loss, backward, clip, update."""

    run: Annotated[Distance, Right("a table such as { steps = 10 }")]


class Back(Part):
    """Going back, exactly."""

    back: Annotated[Distance, Right("a table such as { steps = 10 }")]


class PinNow(Part):
    """Keeping this run beside the live one, in lockstep; a second time lets go of it."""

    pin: Annotated[Literal[True], Right("true")]


class SwapNow(Part):
    """The pinned run becomes the live one, at the same step, and the live one the pinned one."""

    swap: Annotated[Literal[True], Right("true")]


class Expect(Part):
    """A claim about this moment; it is measured, and `gradsim check` fails where it is wrong."""

    expect: Annotated[Expectation, Right('a table such as { quantity = "loss", at-most = 0.5 }')]


class UndoSet(Part):
    """Taking back the last switch: to the run before it, where that was left."""

    undo: Annotated[Literal[True], Right("true")]


class RedoSet(Part):
    """Taking back the last undo."""

    redo: Annotated[Literal[True], Right("true")]


class Again(Part):
    """Beginning again at step 0 with the present knobs and the same seed."""

    again: Annotated[Literal[True], Right("true")]


class Place(Part):
    """A run, counted from 0, and in it a training step and the ops done of it."""

    run: Index
    step: Index | None = None
    op: Index = 0


class Return(Part):
    """Returning to a run left before: where it was left, or to a step computed already."""

    visit: Annotated[Place, Right("a table such as { run = 0, step = 12 }")]


Step: TypeAlias = (
    Say | Set | Run | Back | PinNow | SwapNow | Expect | UndoSet | RedoSet | Again | Return
)

STEPS: dict[str, type[Step]] = {
    "say": Say,
    "set": Set,
    "run": Run,
    "back": Back,
    "pin": PinNow,
    "swap": SwapNow,
    "expect": Expect,
    "undo": UndoSet,
    "redo": RedoSet,
    "again": Again,
    "visit": Return,
}
"""Every kind of step by the key that makes it one."""


class Control(Part):
    """The cure taken out: with these knobs held throughout, some expectation must fail."""

    hold: Settings
    why: Text | None = None


class Kept(Part):
    """What a session that was saved holds beside its actions: where it stood, and when."""

    format: Index
    saved: Line
    run: Index
    step: Index
    op: Index
    process: Annotated[Index | None, Right("the number of a process")] = None
    start: Annotated[Line | None, Right("the name of an NPZ file beside this one")] = None
    state: Annotated[Line | None, Right("the name of an NPZ file beside this one")] = None
    files: Annotated[dict[str, str], Right("a table of files and their SHA-256")] = Field(
        default_factory=dict
    )


class Sheet(Part):
    """The top level of a file. Knobs and steps are looked at one by one, with their lines."""

    title: Line
    about: Text | None = None
    source: Line | None = None
    experiment: Annotated[
        dict[str, Any], Right("a table of knobs, such as [experiment] with depth = 20")
    ] = Field(default_factory=dict)
    control: Annotated[
        Control | None, Right('a table such as [control] with hold = { activation = "sigmoid" }')
    ] = None
    session: Annotated[Kept | None, Right("the table that gradsim writes with a session")] = None
    steps: Annotated[
        list[Any], Field(min_length=1), Right('one [[steps]] table or more, such as say = "text"')
    ]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario, read and found right: an experiment, and what is done with it step by step."""

    path: str
    """The file, as it was named."""
    title: str
    experiment: Experiment
    steps: tuple[Step, ...]
    lines: tuple[int, ...] = ()
    """The line of each step's key in the file."""
    about: str = ""
    source: str = ""
    control: Control | None = None
    session: Kept | None = None
    """Where a session that was saved as this scenario stood."""

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return PurePath(self.path).stem

    def place(self, index: int) -> str:
        """Where a step stands, to begin a sentence with: `file.toml, line 12: step 3`."""
        line = f", line {self.lines[index]}" if index < len(self.lines) else ""
        return f"{self.path}{line}: step {index + 1}"
