"""Values and tables as TOML: the standard library reads it, but does not write it."""

import json
from collections.abc import Mapping
from typing import Any


def value(found: Any) -> str:
    """A text, a number or a truth value as TOML; a mapping or a list on one line."""
    match found:
        case bool():
            return str(found).lower()
        case int() | float():
            return repr(found)
        case list():
            return f"[{', '.join(map(value, found))}]"
        case Mapping():
            inside = ", ".join(f"{key(name)} = {value(item)}" for name, item in found.items())
            return f"{{ {inside} }}"
        case _:
            # JSON leaves DEL as it is, TOML does not take it.
            return json.dumps(str(found), ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """A key; one with dots in quotes, so that it is one key (`"layers.7.activation"`)."""
    plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if plain else value(name)


def table(name: str, content: Mapping[str, Any]) -> str:
    """A table with a line for each key."""
    lines = [f"[{name}]", *(f"{key(k)} = {value(v)}" for k, v in content.items())]
    return "\n".join(lines) + "\n"
