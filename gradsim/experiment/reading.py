"""Values as they come, from flags and files, as values of the kind that a knob has."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gradsim.errors import nearest
from gradsim.experiment.catalog import DEFAULTS, KINDS, KNOBS, right

_WHOLE = re.compile(r"[+-]?\d+(?:_\d+)*(?:\.0+)?", re.ASCII)

MOST_DIGITS = 400
"""Digits beyond which a whole number is not read."""


def read(given: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
    """Every knob's value, and a sentence for each given one that is wrong; `where` begins each."""
    values, problems = dict(DEFAULTS), list[str]()
    lead = f"{where}: " if where else ""
    for name in KNOBS:
        if name in given:
            found = given[name]
            try:
                values[name] = _within_bounds(name, of_kind(KINDS[name], found))
            except (ValueError, OverflowError):
                problems.append(f"{lead}{_wrong(name, found)}")
    problems += [f"{lead}{unknown(name, KNOBS)}" for name in given if name not in KNOBS]
    return values, problems


def of_kind(kind: type, found: Any) -> Any:
    """What is given as a text, a whole number, or a number; raises ValueError where it is none.

    A number may be a text, and a whole number may have a point: `5`, `"5"`, `5.0`.
    """
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise ValueError("neither text nor number")
    if kind is str:
        return _text(found)
    if kind is int:
        if isinstance(found, str):
            text = found.strip()
            if not _WHOLE.fullmatch(text) or len(text) > MOST_DIGITS:
                raise ValueError("no whole number")
            return int(text.partition(".")[0])
        if found != found // 1:
            raise ValueError("no whole number")
        return int(found)
    return float(found)


def _text(found: str | float) -> str:
    # `clip-norm = 2` and `clip-norm = inf` in TOML are numbers.
    return f"{found:g}" if isinstance(found, float) else str(found)


def _within_bounds(name: str, value: Any) -> Any:
    if KNOBS[name].problem(value):
        raise ValueError("out of bounds")
    return value


def unknown(name: str, known: Iterable[str]) -> str:
    """That there is no such knob, and which is meant."""
    return f'there is no knob "{name}"; {nearest(name, known, "gradsim list knobs names all")}'


def _wrong(name: str, found: Any) -> str:
    if KINDS[name] is str and isinstance(found, int | float) and not isinstance(found, bool):
        found = _text(found) if abs(found) < 10**40 else found
    hint = ""
    if KNOBS[name].choices and isinstance(found, str):
        close = nearest(found, KNOBS[name].choices)
        hint = f"; {close}" if close.startswith("did") else ""
    return f"{name} is {_shown(found)}, but must be {right(name)}{hint}"


def _shown(found: Any) -> str:
    if isinstance(found, int) and abs(found) >= 10**40:
        return "a number of more than 40 digits"
    text = f'"{found}"' if isinstance(found, str) else f"{found}".lower()
    return text if len(text) <= 80 else f"{text[:76]}..."
