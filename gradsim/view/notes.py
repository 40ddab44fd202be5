"""The notes of a verdict in full: what the line below the picture has no room for."""

from gradsim.insight.verdict import Verdict
from gradsim.view.lines import Line, fitted, wrapped_words


def notes(verdict: Verdict, width: int) -> list[Line]:
    """Each note with its reason, if it has been explained, in as many lines as it needs."""
    lines: list[Line] = []
    for note in verdict.notes:
        words = wrapped_words(note.words, "text", max(1, width - 2))
        for index, line in enumerate(words):
            lines.append(fitted([("· " if index == 0 else "  ", "label"), *line], width))
    return lines
