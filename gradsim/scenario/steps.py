"""The kinds of steps: each is a model with one key, by which it is known."""

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from gradsim.errors import InputError, nearest
from gradsim.insight.watch import parsed
from gradsim.scenario.expecting import Expectation
from gradsim.scenario.limits import MOST
from gradsim.scenario.parts import (
    Count,
    Index,
    LayerNumber,
    Line,
    Moment,
    Now,
    Part,
    Problem,
    Right,
    Settings,
    Span,
    Text,
    TogetherError,
    names,
    spanned,
)
from gradsim.scenario.words import shown
from gradsim.simulation.actions import Grain

GRAINS = ("steps", "ops", "layers", "phases")
"""How a distance is counted."""

VIEWS = ("flow", "layer", "why", "weight", "waterfall", "compare", "data", "remedies", "map")
"""The views that a lesson can bring on screen, by their names."""

LONGEST_WAIT = 60.0
"""Seconds that one step may wait."""


class Distance(Part):
    """How far to go, in one of four grains."""

    steps: Count | None = None
    """Training steps."""
    ops: Count | None = None
    """Ops: the smallest moves there are."""
    layers: Count | None = None
    """Layers that the wave passes."""
    phases: Count | None = None
    """Phases of a step: forward, loss, backward, clip, update."""

    @model_validator(mode="after")
    def _fits(self) -> "Distance":
        problems = self._problems()
        if problems:
            raise TogetherError(problems)
        return self

    def _problems(self) -> list[Problem]:
        """What does not go together."""
        given = [key for key in GRAINS if key in self.model_fields_set]
        if len(given) == 1:
            return []
        found = f"has {' and '.join(sorted(given))}" if given else "is empty"
        return [("", f"{found}, but must have one of {', '.join(GRAINS)}")]

    @property
    def grain(self) -> Grain:
        """The grain in which it is counted."""
        return Grain(self._counted().removesuffix("s"))

    @property
    def count(self) -> int:
        """How many of them."""
        return int(getattr(self, self._counted()))

    def _counted(self) -> str:
        return next(key for key in GRAINS if key in self.model_fields_set)


class Going(Distance):
    """How far to go on: in one of four grains, or until a condition holds."""

    until: Annotated[Line | None, Right('a condition, such as "loss < 0.5"')] = None
    """Go on until this holds, instead of a distance; see Conditions."""
    limit: Count | None = None
    """With `until`: training steps it may take. Where they do not do, that is a failed claim."""

    def _problems(self) -> list[Problem]:
        if self.until is None and self.limit is None:
            problems = super()._problems()
            return [(key, f"{words}, or until with limit") for key, words in problems]
        problems = []
        if self.until is None:
            problems.append(("limit", "goes with until only"))
        elif self.limit is None:
            words = "training steps it may take at the most, such as limit = 500"
            problems.append(("limit", f"is missing: it must say how many {words}"))
        for key in GRAINS:
            if key in self.model_fields_set:
                problems.append((key, "must be left out where until is given: limit counts steps"))
        if self.until is not None:
            problems += _condition(self.until)
        return problems

    def _counted(self) -> str:
        return "limit" if self.until is not None else super()._counted()

    @property
    def grain(self) -> Grain:
        """The grain in which it is counted; a limit counts training steps."""
        return Grain.STEP if self.until is not None else super().grain


def _condition(text: str) -> list[Problem]:
    try:
        parsed(text, MOST)
    except InputError as error:
        return [("until", f"is no condition: {problem}") for problem in error.problems]
    return []


class Question(Part):
    """Something to predict before it is seen: the choices, the right one, and why."""

    question: Text
    """What is asked."""
    choices: Annotated[
        list[Line], Field(min_length=2, max_length=6), Right('2 to 6 texts, such as ["yes", "no"]')
    ]
    """What may be answered, a line each."""
    answer: Annotated[Line, Right("the right one of the choices, word by word")]
    """The right one of the choices, word by word."""
    explanation: Text
    """Why it is so, said behind the answer."""

    @model_validator(mode="after")
    def _fits(self) -> "Question":
        if self.answer not in self.choices:
            hint = nearest(self.answer, self.choices)
            words = f"is {shown(self.answer)}, but must be one of the choices, word by word"
            raise TogetherError([("answer", f"{words}; {hint}")])
        if len(set(self.choices)) < len(self.choices):
            raise TogetherError([("choices", "must differ from each other")])
        return self


class Look(Part):
    """What is to be on screen: a view, a selected layer, a time step."""

    view: Annotated[
        Literal[
            "flow", "layer", "why", "weight", "waterfall", "compare", "data", "remedies", "map"
        ] | None,
        names(VIEWS),
    ] = None  # fmt: skip
    """The view that comes on screen."""
    layer: LayerNumber | None = None
    """The layer that is selected."""
    time: Moment | None = None
    """In a recurrent network, the time step that is selected."""

    @model_validator(mode="after")
    def _fits(self) -> "Look":
        if not self.model_fields_set:
            raise TogetherError([("", f"is empty, but must have one of {', '.join(_LOOK)}")])
        return self


_LOOK = ("view", "layer", "time")


class OfLayers(Part):
    """Which layers, and the knobs that they get for themselves."""

    model_config = ConfigDict(extra="allow")

    layer: LayerNumber | None = None
    """The one layer that gets them."""
    layers: Span | None = None
    """The layers that get them, from the first to the last."""

    @model_validator(mode="after")
    def _fits(self) -> "OfLayers":
        if (self.layer is None) == (self.layers is None):
            found = "has both layer and layers" if self.layer is not None else "names no layer"
            raise TogetherError([("", f'{found}; give layer = 3, layer = "output" or layers')])
        if not self.knobs:
            raise TogetherError([("", 'sets no knob; right is such as activation = "relu"')])
        return self

    @property
    def knobs(self) -> dict[str, Any]:
        """The knobs with their values."""
        return dict(self.model_extra or {})

    def settings(self, last: int) -> dict[str, Any]:
        """What is set by full names, `layers.3.activation`, where layers go from 1 to `last`."""
        if self.layers is not None:
            places = [f"layers.{number}" for number in spanned(self.layers, last)]
        else:
            places = ["output" if self.layer == "output" else f"layers.{self.layer}"]
        return {f"{place}.{knob}": value for place in places for knob, value in self.knobs.items()}


class Chapter(Part):
    """A part of the lesson begins: its title."""

    EXAMPLE: ClassVar[str] = 'chapter = "One pass"'

    chapter: Line


class Say(Part):
    """Words for the one who watches; they stay until the next words."""

    EXAMPLE: ClassVar[str] = 'say = "Look how little reaches layer 1."'

    say: Text


class Ask(Part):
    """A question to answer before it goes on: predict first, then see."""

    EXAMPLE: ClassVar[str] = (
        'ask = { question = "Does it vanish?", choices = ["yes", "no"], answer = "yes", '
        'explanation = "Each sigmoid takes three quarters of it." }'
    )

    ask: Annotated[Question, Right("a table with question, choices, answer and explanation")]


class Set(Part):
    """Knobs set to other values, all at once."""

    EXAMPLE: ClassVar[str] = 'set = { activation = "relu", initializer = "he-normal" }'

    changes: Settings = Field(alias="set")


class SetLayer(Part):
    """Knobs set for some layers alone; the value `"inherit"` takes a layer's own away again."""

    EXAMPLE: ClassVar[str] = 'set-layer = { layers = "1-3", activation = "tanh" }'

    set_layer: Annotated[OfLayers, Right('a table such as { layer = 3, activation = "relu" }')]


class Run(Part):
    """Going on: forward, loss, backward, clip, update; a distance, or until a condition holds."""

    EXAMPLE: ClassVar[str] = "run = { steps = 100 }"

    run: Annotated[Going, Right("a table such as { steps = 10 }")]


class Back(Part):
    """Going back, exactly."""

    EXAMPLE: ClassVar[str] = "back = { steps = 3 }"

    back: Annotated[Distance, Right("a table such as { steps = 10 }")]


class PinNow(Part):
    """Keeping this run beside the live one, in lockstep; a second time lets go of it."""

    EXAMPLE: ClassVar[str] = "pin = true"

    pin: Now


class SwapNow(Part):
    """The pinned run becomes the live one, at the same step, and the live one the pinned one."""

    EXAMPLE: ClassVar[str] = "swap = true"

    swap: Now


class Show(Part):
    """What is to be looked at: a view comes on screen, a layer is selected."""

    EXAMPLE: ClassVar[str] = 'show = { view = "layer", layer = 3 }'

    show: Annotated[Look, Right('a table such as { view = "layer", layer = 3 }')]


class Wait(Part):
    """Time to look, in seconds, where it is played live; nothing in a check."""

    EXAMPLE: ClassVar[str] = "wait = 2.5"

    wait: Annotated[
        float,
        Field(gt=0.0, le=LONGEST_WAIT, allow_inf_nan=False),
        Right(f"seconds, more than 0 and at most {LONGEST_WAIT:g}"),
    ]


class Expect(Part):
    """A claim about this moment; it is measured, and `gradsim check` fails where it is wrong."""

    EXAMPLE: ClassVar[str] = 'expect = { quantity = "loss", below = 0.5 }'

    expect: Annotated[Expectation, Right('a table such as { quantity = "loss", at-most = 0.5 }')]


class UndoSet(Part):
    """Taking back the last switch: to the run before it, where that was left."""

    EXAMPLE: ClassVar[str] = "undo = true"

    undo: Now


class RedoSet(Part):
    """Taking back the last undo."""

    EXAMPLE: ClassVar[str] = "redo = true"

    redo: Now


class Again(Part):
    """Beginning again at step 0 with the present knobs and the same seed."""

    EXAMPLE: ClassVar[str] = "again = true"

    again: Now


class Place(Part):
    """A run, counted from 0, and in it a training step and the ops done of it."""

    run: Index
    """Runs count from 0; each switch that changed something began one."""
    step: Index | None = None
    """The training step to stand at; where it was left, if there is none."""
    op: Index = 0
    """So many ops of that step are done."""


class Return(Part):
    """Returning to a run left before: where it was left, or to a step computed already."""

    EXAMPLE: ClassVar[str] = "visit = { run = 0, step = 12 }"

    visit: Annotated[Place, Right("a table such as { run = 0, step = 12 }")]


Step: TypeAlias = (
    Chapter | Say | Ask | Set | SetLayer | Run | Back | PinNow | SwapNow | Show | Wait | Expect
    | UndoSet | RedoSet | Again | Return
)  # fmt: skip

STEPS: dict[str, type[Step]] = {
    "chapter": Chapter,
    "say": Say,
    "ask": Ask,
    "set": Set,
    "set-layer": SetLayer,
    "run": Run,
    "back": Back,
    "pin": PinNow,
    "swap": SwapNow,
    "show": Show,
    "wait": Wait,
    "expect": Expect,
    "undo": UndoSet,
    "redo": RedoSet,
    "again": Again,
    "visit": Return,
}
"""Every kind of step by the key that makes it one."""
