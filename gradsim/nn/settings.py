"""Settings: numbers and choices that shape a part, declared beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

Value: TypeAlias = float | str
"""What a setting can be: a number (whole where its default is whole) or one of its choices."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A number or choice of a part: its name, usual value, help and bounds.

    An experiment has a knob of this name for as long as some part declares it. Parts that share a
    setting declare the same object.
    """

    name: str
    default: Value
    help: str
    low: float | None = None
    above: float | None = None
    """A bound that the value itself must not reach."""
    high: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    """Each choice with its formula or a line of help; empty for a number."""
    starts: bool = False
    """True where it only decides how something starts, so that a change begins anew."""
    key: str = ""
    key_back: str = ""
    ladder: tuple[float, ...] = ()


class Configured:
    """A part with settings: those that it declares, at their usual values unless told otherwise."""

    settings: ClassVar[tuple[Setting, ...]] = ()

    def configure(self, given: Mapping[str, Value] | None) -> None:
        """Take the values of the settings that this part declares."""
        self._values = {setting.name: setting.default for setting in self.settings}
        self._values |= {k: v for k, v in (given or {}).items() if k in self._values}

    @property
    def values(self) -> tuple[tuple[str, Value], ...]:
        """All settings with their values."""
        return tuple(self._values.items())

    def number(self, name: str) -> float:
        """A setting that is a number."""
        return float(self._values[name])

    def choice(self, name: str) -> str:
        """A setting that is a choice."""
        return str(self._values[name])
