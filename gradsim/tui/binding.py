"""Bindings made from the tables of keys; each has a name by which the settings give it others."""

import re
from collections.abc import Iterable

from textual.binding import Binding, BindingType
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, format_key, key_to_character

from gradsim.tui.keys import Key

_SHOWN = {
    "left": "←", "right": "→", "up": "↑", "down": "↓", "pageup": "PgUp", "pagedown": "PgDn",
    "escape": "esc", "backspace": "bksp", "delete": "del", "space": "space",
}  # fmt: skip

_MODIFIERS = re.compile(r"(?:(?:ctrl|shift|alt)\+)*")


def full_name(table: str, key: Key) -> str:
    """The name of what a key does among those of all tables: `play`, `map.measure`."""
    return f"{table}.{key.name}" if table else key.name


def bound(keys: Iterable[Key], table: str = "") -> list[BindingType]:
    """The bindings of a table of keys; the app's own table has no name."""
    return [
        Binding(key.keys, key.action, key.about, show=False, id=full_name(table, key))
        for key in keys
    ]


def key_names(text: str) -> list[str]:
    """Keys that were typed (`p`, `ctrl+p`, `p,f5`) by the names a terminal's keys have here.

    Empty where one of them is no key.
    """
    parts = ["comma"] if text.strip() == "," else [part.strip() for part in text.split(",")]
    if not all(map(_is_key, parts)):
        return []
    return [b.key for b in Binding.make_bindings([Binding(",".join(parts), "")])]


def _is_key(part: str) -> bool:
    modifiers = _MODIFIERS.match(part)
    base = part[modifiers.end() :] if modifiers else part
    sign = key_to_character(base)
    return base in _NAMED or base in _SIGNS or (sign is not None and sign.isprintable())


_NAMED = {key.value for key in Keys if "+" not in key.value and not key.value.startswith("<")}
"""Keys that write no sign: `left`, `f5`, `enter`."""

_SIGNS = frozenset(KEY_NAME_REPLACEMENTS.values())
"""Signs with a name other than Unicode's: `plus`, `minus`, `slash`."""


def shown(keys: str) -> str:
    """The first of some keys as foot and help have it: `ctrl p`, `←`, `PgUp`."""
    *modifiers, base = keys.split(",", maxsplit=1)[0].split("+")
    return " ".join(
        [*modifiers, _SHOWN.get(base) or (base if base in _NAMED else format_key(base))]
    )
