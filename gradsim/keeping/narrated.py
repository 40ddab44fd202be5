"""A session's file as its user has left it: what is new is put in, all else stays as it stands.

Comments, words, questions and expectations that were written into it by hand are kept so.
"""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from gradsim.keeping import toml
from gradsim.scenario.lines import STRING, line_numbers

_TITLE = re.compile(r"(?m)^title[ \t]*=[^\n]*$")


def carried_on(text: str, title: str | None, kept: Mapping[str, Any], steps: str) -> str:
    """A file with another [session] table and more steps; with another title, if one is given.

    Where its tables are written in a way that nothing can be added to (all steps in one list), it
    is written anew: then its comments are lost, and nothing else.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not re.search(r"(?m)^[ \t]*\[\[[ \t]*steps[ \t]*\]\]", text) or not _own_table(text):
        text = _anew(tomllib.loads(text))
    if title is not None:
        text = _TITLE.sub(lambda _: f"title = {toml.value(title)}", text, count=1)
    lines = text.splitlines()
    begin, end = _span(text, lines)
    table = toml.table("session", kept).splitlines()
    whole = [*lines[:begin], *table, *([] if lines[end : end + 1] == [""] else [""]), *lines[end:]]
    return "\n".join(whole).rstrip("\n") + "\n" + (f"\n{steps}" if steps else "")


def _own_table(text: str) -> bool:
    return re.search(r"(?m)^\[session\]", text) is not None


def _span(text: str, lines: list[str]) -> tuple[int, int]:
    """The lines of the [session] table, and one behind; comments before the next table are not."""
    places = line_numbers(text)
    first = places["session",]
    others = [n for place, n in places.items() if place[0] != "session" and n > first]
    end = min(others, default=len(lines) + 1) - 1
    while end > first and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return first - 1, end


def _anew(raw: Mapping[str, Any]) -> str:
    """The same file with a table for each step."""
    plain = {key: item for key, item in raw.items() if not isinstance(item, dict | list)}
    tables = {key: item for key, item in raw.items() if isinstance(item, dict)}
    head = "".join(f"{toml.key(key)} = {toml.value(item)}\n" for key, item in plain.items())
    parts = [head, *(toml.table(key, item) for key, item in tables.items())]
    for step in raw["steps"]:
        rows = (f"{toml.key(key)} = {toml.value(item)}\n" for key, item in step.items())
        parts.append("[[steps]]\n" + "".join(rows))
    return "\n".join(parts)


def has_comments(text: str) -> bool:
    """Whether there is a comment in a file."""
    return "#" in STRING.sub("", text)
