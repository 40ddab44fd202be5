"""A question of a lesson: its choices to choose from, then the right one and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradsim.view.lines import Line, Run, ended, fitted, length, part_at, wrapped, wrapped_words


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it stands on screen."""

    question: str
    choices: Sequence[str]
    right: int
    """Index of the right choice."""
    explanation: str
    chosen: int | None = None
    """Index of the choice that is marked; None where nobody has chosen."""
    answered: bool = False

    @property
    def judgment(self) -> str:
        """What is said of the answer."""
        if self.chosen is None:
            return "Answer"
        return "Right" if self.chosen == self.right else "Not so"


def question(asked: Asked, width: int, height: int) -> list[Line]:
    """The question in at most so many lines; where it needs more it is drawn more tightly."""
    drawn: list[Line] = []
    for drawn in _ways(asked, width):
        if len(drawn) <= height:
            break
    return ended(drawn, height, width)


def wanted(asked: Asked, width: int) -> int:
    """Lines that it takes at its widest, before and after the answer."""
    return max(len(_whole(asked, width, answered)) for answered in (False, True))


def choice_at(asked: Asked, width: int, height: int, x: int, y: int) -> int | None:
    """The index of the choice at a place; None where there is none, or no choice any more."""
    if asked.answered or not 0 <= y < height:
        return None
    first = len(wrapped_words(asked.question, "", width))
    lines = _stacked(asked, width)
    if first + len(lines) <= height:
        index = y - first
        return index if 0 <= index < len(lines) else None
    return part_at([_choice(asked, k) for k in range(len(asked.choices))], width, x, y - first)


def _ways(asked: Asked, width: int) -> Iterator[list[Line]]:
    """Ways to draw it, the roomiest first."""
    yield _whole(asked, width, asked.answered)
    asks = wrapped_words(asked.question, "narration", width)
    row = wrapped([_choice(asked, k) for k in range(len(asked.choices))], width)
    if not asked.answered:
        yield [*asks, *row]
        return
    yield [*asks, *row, *_why(asked, width)]
    yield [*row, *_why(asked, width)]
    yield [fitted(_choice(asked, asked.right), width), *_why(asked, width)]


def _whole(asked: Asked, width: int, answered: bool) -> list[Line]:
    asks = wrapped_words(asked.question, "narration", width)
    return [*asks, *_stacked(asked, width), *(_why(asked, width) if answered else ())]


def _stacked(asked: Asked, width: int) -> list[Line]:
    return [fitted(_choice(asked, k), width) for k in range(len(asked.choices))]


def _choice(asked: Asked, index: int) -> list[Run]:
    text = asked.choices[index]
    mine = index == asked.chosen
    if not asked.answered:
        return [("▶ " if mine else "  ", "title"), (text, "selected" if mine else "text")]
    if index == asked.right:
        return [("✓ ", "key"), (text, "key")]
    return [("✗ " if mine else "  ", "mark"), (text, "quiet")]


def _why(asked: Asked, width: int) -> list[Line]:
    words = wrapped_words(f"{asked.judgment}: {asked.explanation}", "narration", width)
    return words if length(words[0]) else []
