"""What the models of a scenario file are made of: a table with known keys, and kinds of values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias
from unicodedata import category

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from gradsim.scenario.limits import MOST


@dataclass(frozen=True, slots=True)
class Right:
    """On a field: what would be a right value, in words, to end a sentence with."""

    words: str
    known: tuple[str, ...] = ()
    """The words that may stand there, where only some may: the nearest is said."""


Problem: TypeAlias = tuple[str, str]
"""A key, and a sentence about it."""


class TogetherError(ValueError):
    """Keys that are right each by itself and wrong together: (key, sentence about it) pairs."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{key} {words}".strip() for key, words in problems))


class Part(BaseModel):
    """A table of the file. Its keys are the aliases of the fields; no other key may stand in it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
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


def _a_truth(value: Any) -> Any:
    # A 1 is equal to true, but it is not it.
    if not isinstance(value, bool):
        raise ValueError("no truth value")
    return value


Now: TypeAlias = Annotated[Literal[True], BeforeValidator(_a_truth), Right("true")]
"""What is done at once: `undo = true`."""

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
LayerNumber: TypeAlias = Annotated[
    Annotated[int, Field(ge=1)] | Literal["output"],
    Right('a layer\'s number, counted from 1, or "output"'),
]
Moment: TypeAlias = Annotated[int, Field(ge=1), Right("a time step, counted from 1")]
Span: TypeAlias = Annotated[
    str,
    Field(pattern=r"^(all|[1-9][0-9]*(-([1-9][0-9]*|last))?)$"),
    Right('a range such as "3-10" or "3-last", or "all"'),
]


def names(words: Iterable[str]) -> Right:
    """What is right where only some words are."""
    known = tuple(words)
    return Right(f"one of {', '.join(known)}", known)


def spanned(span: str, last: int) -> range:
    """The numbers that a span means where they go from 1 to `last`: `3-10`, `3-last`, `all`."""
    if span == "all":
        return range(1, last + 1)
    first, _, end = span.partition("-")
    return range(int(first), (last if end == "last" else int(end or first)) + 1)
