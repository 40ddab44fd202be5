"""Values as they are named in sentences: short, and with nothing in them that steers a terminal."""

from math import isfinite, isnan
from typing import Any

LONGEST = 60
"""Characters of a found text that are repeated to the user."""


def shown(value: Any) -> str:
    """What was found in a file: `"relu"`, `true`, `3`, `a table`."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            text = plain(value)
            return f'"{text[:LONGEST]}…"' if len(text) > LONGEST else f'"{text}"'
        case dict():
            return "a table" if value else "an empty table"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case _:
            return str(value)[:LONGEST]


def plain(text: str) -> str:
    """Text in which characters that could steer a terminal are spelled out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def number(value: float) -> str:
    """A measured number with six digits; NaN and infinity by name."""
    if isnan(value):
        return "NaN"
    if not isfinite(value):
        return "infinity" if value > 0 else "-infinity"
    return f"{value:.6g}"
