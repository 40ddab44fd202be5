"""The list of lessons: where one stands in each, and what the chosen one claims."""

from collections.abc import Sequence
from dataclasses import dataclass

from gradsim.scenario.claims import Claim, tally
from gradsim.view.lines import Line, Run, fitted, spread, wrapped_words

SIGNS: dict[bool | None, tuple[str, str]] = {
    True: ("✓", "key"),
    False: ("✗", "mark"),
    None: ("·", "quiet"),
}
"""The sign of a claim that held, did not, or is to come, with its role."""

LEAST_ABOUT = 5
"""Lines that are left to the chosen lesson before every lesson gets a second line."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson as the list has it."""

    title: str
    about: str
    source: str
    steps: int
    done: int | None
    """Steps done; None where it has not been begun."""
    here: bool
    """Whether it is the one on screen."""
    claims: Sequence[Claim]

    before: str = ""
    """How far one has come in it at another time."""

    @property
    def standing(self) -> str:
        """Where one stands in it."""
        if self.done is None:
            return self.before or f"{self.steps} steps"
        if self.done >= self.steps:
            return "done"
        return f"{'now ' if self.here else ''}at {self.done} of {self.steps}"


def lessons(found: Sequence[Lesson], chosen: int, width: int, height: int) -> list[Line]:
    """The list, the chosen one kept in sight, and below it what is to be known of that one."""
    if not found:
        return [fitted([("the lessons are being read …", "label")], width)] * min(1, height)
    tall = 2 if height >= 2 * len(found) + LEAST_ABOUT else 1
    rows = min(len(found), max(1, (height - min(LEAST_ABOUT, height // 2)) // tall))
    first = min(max(0, chosen - rows // 2), len(found) - rows)
    lines: list[Line] = []
    for index in range(first, first + rows):
        lines += _row(found[index], index == chosen, width)[:tall]
    lines.append(fitted([], width))
    lines += _about(found[chosen], width, height - len(lines), tall == 1)
    return (lines + [fitted([], width)] * height)[:height]


def lesson_at(found: Sequence[Lesson], chosen: int, height: int, y: int) -> int | None:
    """The lesson on a line of the list."""
    tall = 2 if height >= 2 * len(found) + LEAST_ABOUT else 1
    rows = min(len(found), max(1, (height - min(LEAST_ABOUT, height // 2)) // tall))
    first = min(max(0, chosen - rows // 2), len(found) - rows)
    return first + y // tall if 0 <= y < rows * tall else None


def _row(lesson: Lesson, chosen: bool, width: int) -> list[Line]:
    sign = "▶" if chosen else "▸" if lesson.here else " "
    left: list[Run] = [(f"{sign} ", "title"), (lesson.title, "selected" if chosen else "text")]
    role = "key" if lesson.done is not None or lesson.before else "quiet"
    second = f"  {first_sentence(lesson.about)}"
    return [
        spread(left, [(f"{lesson.standing} ", role)], width),
        fitted([(second, "label")], width),
    ]


def _about(lesson: Lesson, width: int, height: int, about: bool) -> list[Line]:
    lines = wrapped_words(first_sentence(lesson.about), "text", width) if about else []
    lines.append(fitted([(tally(lesson.claims), "label")], width))
    if lesson.source and height > len(lines) + len(lesson.claims):
        lines.append(fitted([(lesson.source, "quiet")], width))
    # Where not all find room, those measured last and those that come next do.
    room = max(0, height - len(lines))
    measured = sum(claim.passed is not None for claim in lesson.claims)
    first = max(0, min(measured - room // 2, len(lesson.claims) - room))
    for claim in lesson.claims[first : first + room]:
        sign, role = SIGNS[claim.passed]
        told = f": {claim.measured}" if claim.measured else ""
        lines.append(fitted([(f"{sign} ", role), (claim.sentence, "text"), (told, "value")], width))
    return lines


def first_sentence(text: str) -> str:
    """The first sentence of a text."""
    words = " ".join(text.split())
    head, dot, _ = words.partition(". ")
    return head + "." if dot else words
