"""On which line of a TOML text each key stands: tomllib says what is there, but not where."""

import re
from typing import TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys of tables and indices of lists, `("steps", 2, "run", "steps")`."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r'[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|\'[^\']*\'')
STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|'
    r"'''.*?'''(?:'{0,2})|"
    r'"(?:[^"\\]|\\.)*"|'
    r"'[^']*'",
    re.DOTALL,
)
"""A text of any of TOML's four kinds."""

_PLAIN = re.compile(r"[^,\]}\n#]*")


def line_numbers(text: str) -> dict[Place, int]:
    """The line, counted from 1, of every key, table and list item of a text that is valid TOML."""
    return _Scan(text).lines


def line_of(lines: dict[Place, int], place: Place) -> int | None:
    """The line of a place; of the table around it where the place itself is not in the text."""
    while place:
        if place in lines:
            return lines[place]
        place = place[:-1]
    return None


class _Scan:
    """Walks over the text once. What tomllib has accepted need not be checked again."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Place, int] = {}
        self._counted, self._line = 0, 1
        self._items: dict[Place, int] = {}
        table: Place = ()
        while self._skip():
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)

    def _skip(self) -> bool:
        """Go over blanks and comments; False at the end."""
        self._take(_BLANK)
        return self.at < len(self.text)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def _mark(self, place: Place) -> None:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        self.lines.setdefault(place, self._line)

    def _header(self) -> Place:
        """`[table]` or `[[list of tables]]`."""
        start = self.at
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        keys = self._keys()
        end = self.at
        self.at = start
        place = (*self._resolve(keys[:-1]), keys[-1])
        if double:
            self._mark(place)
            self._items[place] = self._items.get(place, -1) + 1
            place = (*place, self._items[place])
        elif place in self._items:
            place = (*place, self._items[place])
        self._mark(place)
        self.at = end
        self._skip()
        self.at += 2 if double else 1
        return place

    def _resolve(self, keys: list[str]) -> Place:
        """The place of a header's keys: a list of tables stands for its latest item."""
        place: Place = ()
        for key in keys:
            place = (*place, key)
            self._mark(place)
            if place in self._items:
                place = (*place, self._items[place])
        return place

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip()
            keys.append(self._take(_KEY).strip("\"'"))
            self._skip()
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _pair(self, table: Place) -> None:
        """`key = value`, or `one.two = value`."""
        start = self.at
        keys = self._keys()
        end, self.at = self.at, start
        for length in range(1, len(keys) + 1):
            self._mark((*table, *keys[:length]))
        self.at = end + 1
        self._skip()
        self._value((*table, *keys))

    def _value(self, place: Place) -> None:
        if self.text.startswith(("[", "{"), self.at):
            is_list = self.text[self.at] == "["
            self.at += 1
            index = 0
            while self._skip() and self.text[self.at] not in "]}":
                if self.text[self.at] == ",":
                    self.at += 1
                elif is_list:
                    self._mark((*place, index))
                    self._value((*place, index))
                    index += 1
                else:
                    self._pair(place)
            self.at += 1
        elif not self._take(STRING):
            self._take(_PLAIN)
