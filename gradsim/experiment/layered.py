"""Values for single layers: `layers.7.activation`, `layers.3-5.width`, `output.initializer`."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from gradsim.nn.network import LayerName

INHERIT = "inherit"
"""The value that takes a layer's own value away again."""

_PLACE = re.compile(r"(?:layers\.(?P<first>\d{1,5})(?:-(?P<last>\d{1,5}))?|output)\.(?P<knob>.+)")


class Override(NamedTuple):
    """A knob's value for one layer only."""

    layer: LayerName
    knob: str
    value: Any

    @property
    def name(self) -> str:
        """`layers.7.activation`, or `output.initializer`."""
        place = "output" if self.layer == "output" else f"layers.{self.layer}"
        return f"{place}.{self.knob}"


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The tables `layers` and `output`, as TOML reads `layers.7.activation`, as names with dots."""
    out: dict[str, Any] = {}
    for name, value in settings.items():
        if str(name).partition(".")[0] in ("layers", "output") and isinstance(value, Mapping):
            out |= flat({f"{name}.{inner}": v for inner, v in value.items()})
        else:
            out[str(name)] = value
    return out


def split_name(name: str) -> tuple[list[LayerName], str] | None:
    """The layers and the knob that a name with dots means; None where it is no such name."""
    match = _PLACE.fullmatch(name)
    if not match:
        return None
    if match["first"] is None:
        return ["output"], match["knob"]
    first = int(match["first"])
    return list(range(first, int(match["last"] or first) + 1)), match["knob"]
