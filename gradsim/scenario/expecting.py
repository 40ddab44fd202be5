"""An expectation as it stands in a file: which number, of where, and what it must be."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from gradsim.errors import nearest
from gradsim.insight.verdict import NoteKind, Shape
from gradsim.scenario.parts import (
    LayerNumber,
    Line,
    Moment,
    Number,
    Part,
    Problem,
    Right,
    Span,
    TogetherError,
    names,
)
from gradsim.scenario.quantities import nearest_name, quantity_of
from gradsim.scenario.words import shown

TOLERANCE = 1e-6
"""How far from `equals` a measured value may be, as a share of it, where nothing is said."""

AGGREGATES: dict[str, str] = {
    "min": "the smallest",
    "max": "the largest",
    "mean": "the arithmetic mean",
    "median": "the median",
    "geometric-mean": "exp of the mean of the logarithms",
    "sum": "the sum",
    "decades": "log10 of the largest over the smallest",
}
"""What several values can be made into, each with what that is."""


class Measured(Part):
    """A quantity, of one layer or of several, of the live run or of the pinned one."""

    quantity: Annotated[str, Right("the name of a quantity")]
    """The number or word that is measured, by its name in the report."""
    layer: LayerNumber | None = None
    """Of which layer, where each has its own."""
    layers: Span | None = None
    """Of which layers: each must be as expected, unless `aggregate` makes one number of them."""
    time: Moment | None = None
    """At which time step of a recurrent layer."""
    times: Span | None = None
    """At which time steps: as `layers`."""
    aggregate: Annotated[
        Literal[
            "min", "max", "mean", "median", "geometric-mean", "sum", "decades"
        ] | None,
        names(AGGREGATES),
    ] = None  # fmt: skip
    """What is made of the values of several layers or time steps."""
    run: Annotated[Literal["live", "pinned"], names(("live", "pinned"))] = "live"
    """Of which run: the live one, or the one that `pin` keeps beside it."""

    @property
    def several(self) -> bool:
        """Whether it is of several places, each with a value of its own."""
        return (self.layers or self.times) is not None and self.aggregate is None

    @model_validator(mode="after")
    def _fits(self) -> "Measured":
        problems = self._problems()
        if problems:
            raise TogetherError(problems)
        return self

    def _problems(self) -> list[Problem]:
        """What does not go together."""
        quantity = quantity_of(self.quantity)
        if quantity is None:
            hint = nearest_name(self.quantity)
            words = f"is {shown(self.quantity)}, but must be one of the report's; {hint}"
            return [("quantity", words)]
        problems = [*self._pairs()]
        if quantity.per_layer and self.layer is None and self.layers is None:
            words = f'each layer has its own {self.quantity}; give a number or "output"'
            problems.append(("layer", f"is missing: {words}, or layers"))
        for key in ("layer", "layers"):
            if not quantity.per_layer and getattr(self, key) is not None:
                words = f"{self.quantity} is not one of a layer"
                problems.append((key, f"must be left out: {words}"))
        for key in ("time", "times"):
            alone = quantity.per_layer and self.layer != "output"
            if getattr(self, key) is not None and not alone:
                problems.append((key, "goes with a quantity of a recurrent layer only"))
        if self.aggregate and self.layers is None and self.times is None:
            problems.append(("aggregate", "is of several: give layers, or times"))
        if self.aggregate and quantity.is_text:
            problems.append(("aggregate", f"is of numbers, but {self.quantity} is a word"))
        return problems

    def _pairs(self) -> list[Problem]:
        out = []
        for one, other in (("layer", "layers"), ("time", "times")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                out.append((one, f"must be left out where {other} is given"))
        return out


class Other(Measured):
    """A quantity that another one is compared with, times a factor."""

    factor: Number = 1.0
    """What the other quantity is multiplied by, before it is compared with."""

    def _problems(self) -> list[Problem]:
        problems = super()._problems()
        if self.several:
            words = "is missing: to compare with, one value is needed"
            problems.append(("aggregate", f"{words}; {names(AGGREGATES).words} makes it one"))
        quantity = quantity_of(self.quantity)
        if quantity and quantity.is_text:
            problems.append(("quantity", f"must be a number, but {self.quantity} is a word"))
        return problems


TAGS = ("a number", "a quantity")
"""The two kinds of what a number is compared with, as they are told apart."""


def _kind(value: Any) -> str:
    return TAGS[isinstance(value, dict | Other)]


Side: TypeAlias = Annotated[
    Annotated[Number, Tag("a number")] | Annotated[Other, Tag("a quantity")],
    Discriminator(_kind),
    Right("a finite number, or a table with another quantity"),
]


class Expectation(Measured):
    """A quantity of the report and what it must be; NaN is never above, below or equal."""

    at_least: Side | None = None
    """The value is this or more."""
    at_most: Side | None = None
    """The value is this or less."""
    above: Side | None = None
    """The value is more than this."""
    below: Side | None = None
    """The value is less than this."""
    equals: Side | None = None
    """The value is this, within `tolerance`."""
    is_: Annotated[Line | None, Field(alias="is")] = None
    """The word is this one."""
    includes: Line | None = None
    """This is among the notes; or this stands in the text."""
    excludes: Line | None = None
    """This is not among the notes; or it does not stand in the text."""
    finite: Annotated[bool | None, Right("true or false")] = None
    """The value is a number, neither NaN nor infinite; or, with false, it is one of these."""
    tolerance: Annotated[
        float, Field(ge=0.0, allow_inf_nan=False), Right("a share of at least 0, such as 0.01")
    ] = TOLERANCE
    """With `equals`: how far off it may be, as a share of what it should be."""

    @property
    def comparison(self) -> str:
        """The one comparison, by its key: `at-least`."""
        return next(key for key in COMPARISONS if self.side(key) is not None)

    def side(self, key: str) -> float | str | bool | Other | None:
        """What a comparison compares with; None where it is not the one."""
        value: float | str | bool | Other | None = getattr(self, COMPARISONS[key])
        return value

    def _problems(self) -> list[Problem]:
        problems: list[Problem] = []
        given = [key for key in COMPARISONS if self.side(key) is not None]
        if not given:
            problems.append(("", f"compares nothing; give one of {', '.join(COMPARISONS)}"))
        elif len(given) > 1:
            words = "but must have one comparison: make it two steps"
            problems.append(("", f"has {' and '.join(given)}, {words}"))
        if "tolerance" in self.model_fields_set and "equals" not in given:
            problems.append(("tolerance", "goes with equals only"))
        problems += super()._problems()
        if quantity := quantity_of(self.quantity):
            problems += self._of_words(given) if quantity.is_text else self._of_numbers(given)
        return problems

    def _of_words(self, given: list[str]) -> list[Problem]:
        known = [str(kind) for kind in KNOWN.get(self.quantity, ())]
        problems = []
        for key in given:
            word = self.side(key)
            if key not in IN_WORDS:
                use = "includes" if self.quantity == "notes" else "is"
                example = f'{use} = "{known[0] if known else "text"}"'
                words = f"compares numbers, but {self.quantity} is a word: use {example}"
                problems.append((key, words))
            elif known and word not in known:
                hint = nearest(str(word), known)
                words = f"is {shown(word)}, but must be one of {', '.join(known)}"
                problems.append((key, words + (f"; {hint}" if hint.startswith("did") else "")))
        return problems

    def _of_numbers(self, given: list[str]) -> list[Problem]:
        words = f"compares words, but {self.quantity} is a number: use at-least or another"
        return [(key, words) for key in given if key in IN_WORDS]


COMPARISONS: dict[str, str] = {
    "at-least": "at_least",
    "at-most": "at_most",
    "above": "above",
    "below": "below",
    "equals": "equals",
    "is": "is_",
    "includes": "includes",
    "excludes": "excludes",
    "finite": "finite",
}
"""The keys of the comparisons, each with its field."""

IN_WORDS = ("is", "includes", "excludes")
"""Those that compare words."""

KNOWN: dict[str, Iterable[str]] = {"notes": NoteKind, "shape": Shape, "verdict.shape": Shape}
"""Quantities that can only be some words."""
