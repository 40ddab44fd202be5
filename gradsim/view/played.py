"""How far a scenario has come, for the line under its words."""

from collections.abc import Iterator
from dataclasses import dataclass

from gradsim.view.lines import Run, length

BAR = 12
"""Columns of the bar, where there is room for all of it."""


@dataclass(frozen=True, slots=True)
class Played:
    """How many of how many steps are done, and in which of how many chapters it is."""

    done: int
    of: int
    chapter: int = 0
    """0 where none has begun."""
    chapters: int = 0


def progress(played: Played, room: int) -> list[Run]:
    """A bar and words in at most so many columns; nothing where not even a number fits."""
    for runs in _ways(played):
        if length(runs) <= room:
            return runs
    return []


def _ways(played: Played) -> Iterator[list[Run]]:
    """Ways to say it, the longest first."""
    step = f"step {played.done} of {played.of}"
    chapter = f" · chapter {played.chapter} of {played.chapters}" if played.chapters else ""
    for bar, words in (
        (BAR, step + chapter),
        (BAR // 2, step + chapter),
        (BAR // 2, step),
        (0, f"{played.done}/{played.of}"),
    ):
        full = bar * played.done // max(played.of, 1)
        gap = " " if bar else ""
        yield [("━" * full, "key"), ("╌" * (bar - full) + gap, "quiet"), (words, "label")]
