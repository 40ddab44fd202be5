"""The settings file: read with a sentence for what is wrong in it, changed one line at a time."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gradsim.errors import InputError, nearest
from gradsim.files import reason
from gradsim.keeping.files import short, write_whole
from gradsim.keeping.preferences import DEFAULTS, PREFERENCES, Preferences, spelled
from gradsim.scenario.lines import line_numbers
from gradsim.scenario.words import plain, shown

KEYS = "keys"
"""The table of keys of the user's own."""


class Found(NamedTuple):
    """What a settings file says, and a sentence for each thing in it that is not right."""

    preferences: Preferences
    problems: list[str]


def read(path: Path) -> Found:
    """The settings in a file. For what is wrong in it the defaults hold; no file is no problem."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Found(DEFAULTS, [])
    except OSError as error:
        return Found(DEFAULTS, [f"{short(path)} cannot be read: {reason(error)}"])
    except UnicodeDecodeError:
        return Found(DEFAULTS, [f"{short(path)} is not UTF-8: the settings are as they come"])
    try:
        return _read(short(path), tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        words = f"not valid TOML, so the settings are as they come: {error}"
        return Found(DEFAULTS, [f"{short(path)} is {words}"])


def _read(called: str, tables: Mapping[str, Any]) -> Found:
    preferences, problems = DEFAULTS, []
    for name, value in tables.items():
        declared = PREFERENCES.get(name)
        if name == KEYS and isinstance(value, dict):
            keys, wrong = _keys(called, value)
            preferences = Preferences(**_plain(preferences), keys=keys)
            problems += wrong
        elif name == KEYS:
            found = shown(value)
            problems.append(f'{called}: keys is {found}, but must be a table: play = "space"')
        elif declared is None:
            hint = nearest(name, [*PREFERENCES, KEYS])
            problems.append(f'{called}: there is no setting "{plain(name)}"; {hint}')
        elif declared.problem(value):
            right = declared.right()
            problems.append(f"{called}: {name} is {shown(value)}, but must be {right}")
        else:
            preferences = preferences.having(name, value)
    return Found(preferences, problems)


def _plain(preferences: Preferences) -> dict[str, Any]:
    return {name.replace("-", "_"): preferences.value(name) for name in PREFERENCES}


def _keys(
    called: str, table: Mapping[str, Any], lead: str = ""
) -> tuple[dict[str, str], list[str]]:
    """Names of actions with their keys; the keys of a view stand in a table of its name."""
    keys: dict[str, str] = {}
    problems: list[str] = []
    for name, value in table.items():
        if isinstance(value, dict) and not lead:
            inner, wrong = _keys(called, value, f"{name}.")
            keys |= inner
            problems += wrong
        elif isinstance(value, str) and value.strip():
            keys[f"{lead}{name}"] = value
        else:
            where = f"{KEYS}.{lead}{plain(name)}"
            problems.append(f'{called}: {where} is {shown(value)}, but must be a key: "p"')
    return keys, problems


def change(path: Path, name: str, value: str | bool) -> None:
    """Set one setting in the file, and leave the rest of it as it is, comments included.

    Raises InputError, a sentence, where the file cannot be written, or is not valid TOML.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{short(path)} cannot be changed, as it cannot be read") from None
    write_whole(path, changed(text, short(path), name, value).encode())


def changed(text: str, called: str, name: str, value: str | bool) -> str:
    """The text of a settings file with one setting changed."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{called} is not valid TOML, so it is left as it is: {error}") from None
    setting = f"{name} = {spelled(value)}"
    # Each setting fits on one line, so a line is all that changes; a new one comes before all
    # tables, where it belongs to none of them.
    lines = text.splitlines()
    if name in tables:
        lines[line_numbers(text)[name,] - 1] = setting
    else:
        lines.insert(_above_tables(lines), setting)
    after = "\n".join(lines) + "\n"
    if not _holds(after, tables | {name: value}):
        raise InputError(f"{called}: {name} does not stand on one line: change it in the file")
    return after


def _holds(text: str, tables: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == tables
    except (ValueError, RecursionError):
        return False


def _above_tables(lines: list[str]) -> int:
    """The index of the line before which there is no table yet, after the settings there are."""
    table = next((i for i, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    # A comment or a blank right above a table goes with the table.
    while table and (not lines[table - 1].strip() or lines[table - 1].lstrip().startswith("#")):
        table -= 1
    return table
