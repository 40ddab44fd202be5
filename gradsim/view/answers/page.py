"""The page of the answers: which picture suits which data."""

from collections.abc import Sequence

from gradsim.insight.answers import Answers, Kind
from gradsim.view.answers.digits import digits
from gradsim.view.answers.look import Look
from gradsim.view.answers.plane import plane, size_of
from gradsim.view.answers.sequences import NAME, reached, sequences
from gradsim.view.answers.tables import classes, curve, numbers
from gradsim.view.heat import Lane
from gradsim.view.lines import Line, fitted

FEWEST_FOR_REACH = 20
"""Lines from which pictures of digits leave room for the gradient through time."""

USES: dict[Kind, frozenset[str]] = {
    Kind.PLANE: frozenset({"more"}),
    Kind.DIGITS: frozenset({"more", "only_wrong", "page"}),
    Kind.CLASSES: frozenset({"page"}),
    Kind.CURVE: frozenset(),
    Kind.NUMBERS: frozenset(),
    Kind.SEQUENCE: frozenset({"only_wrong", "page"}),
}
"""What of a `Look` changes the picture of each kind."""


def grid_of(kind: Kind, width: int, height: int) -> tuple[int, int]:
    """Rows and columns of the grid that a picture of this size needs."""
    return size_of(width, height) if kind is Kind.PLANE else (0, 0)


def page(
    answers: Answers, reach: Sequence[float] | None, width: int, height: int, look: Look
) -> list[Line]:
    """Exactly `height` lines of exactly `width` cells.

    `reach` has what each time step brings of the recurrent gradient, in a recurrent network.
    """
    match answers.kind:
        case Kind.PLANE:
            return plane(answers, width, height, look)
        case Kind.DIGITS:
            below: list[Line] = []
            if reach and height >= FEWEST_FOR_REACH:
                lane = Lane.of(len(reach), width - NAME, 4)
                below = [fitted([], width), *reached(reach, lane, width)]
            return [*digits(answers, width, height - len(below), look), *below]
        case Kind.CLASSES:
            return classes(answers, width, height, look)
        case Kind.CURVE:
            return curve(answers, width, height, look)
        case Kind.NUMBERS:
            return numbers(answers, width, height, look)
        case Kind.SEQUENCE:
            return sequences(answers, reach, width, height, look)
