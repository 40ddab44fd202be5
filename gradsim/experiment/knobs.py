"""What a knob is. Each is declared once, as a field of `Experiment` or as a setting of a part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Any

from gradsim.nn.settings import Setting


class Effect(StrEnum):
    """What switching a knob does to a network in training, in words for the user."""

    KEEP = "keeps the weights"
    NORMALIZATION = (
        "keeps the weights; a new one starts at scale 1, shift 0, fresh running statistics"
    )
    OPTIMIZER = "keeps the weights; the optimizer's state starts anew"
    REBUILD = "rebuilds the network from the seed, at step 0"


@dataclass(frozen=True, slots=True)
class Knob:
    """A setting of an experiment: all that flag, panel, scenario key and reference page need.

    It annotates a field of `Experiment`: `depth: Annotated[int, Knob("...", ...)] = 20`. `choices`
    maps each name to its formula or a line of help; `low` and `high` bound a number; `key` is
    pressed in the app for the next choice or the next rung of the ladder.
    """

    help: str
    effect: Effect
    key: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    above: float | None = None
    """A bound that the value itself must not reach."""
    ladder: tuple[float, ...] = ()
    """Values that a number's key goes through; any other within the bounds can be set by name."""
    key_back: str = ""
    also: Callable[[str], bool] | None = None
    """What else is right besides the choices."""
    also_words: str = ""
    per_layer: bool = False
    """Whether a layer can have a value of its own: `layers.7.activation`."""
    used_with: tuple[str, tuple[str, ...]] | None = None
    """Another knob, and its choices under which this one does something; None for always."""

    @classmethod
    def of_setting(
        cls, setting: Setting, parent: str, choices: tuple[str, ...], per_layer: bool
    ) -> "Knob":
        """The knob for a setting of those choices of the knob `parent` that declare it."""
        return cls(
            help=setting.help,
            effect=Effect.REBUILD if setting.starts else Effect.KEEP,
            key=setting.key,
            key_back=setting.key_back,
            choices=setting.choices,
            low=setting.low,
            high=setting.high,
            above=setting.above,
            ladder=setting.ladder,
            per_layer=per_layer,
            used_with=(parent, choices),
        )

    @property
    def back(self) -> str:
        """The key that goes the other way: the capital letter, where nothing else is said."""
        return self.key_back or self.key.upper()

    def neighbor(self, value: Any, way: int) -> Any:
        """The choice after (way 1) or before (-1) this one, around the end; on a ladder, the rung.

        At the end of a ladder the value stays as it is.
        """
        if self.choices:
            names = list(self.choices)
            if value not in names:
                return names[0 if way > 0 else -1]
            return names[(names.index(value) + way) % len(names)]
        rungs = [rung for rung in self.ladder if (rung - value) * way > 0]
        return (min(rungs) if way > 0 else max(rungs)) if rungs else value

    def problem(self, value: Any) -> bool:
        """Whether this value is out of bounds or not among the choices."""
        if self.choices:
            return value not in self.choices and not (self.also and self.also(value))
        if isinstance(value, str):
            return bool(value) and self.also is not None and not self.also(value)
        if isinstance(value, int | float):
            return (
                (isinstance(value, float) and not isfinite(value))
                or (self.low is not None and value < self.low)
                or (self.above is not None and value <= self.above)
                or (self.high is not None and value > self.high)
            )
        return False

    def right(self, kind: type) -> str:
        """What would be a right value, in words: `a whole number from 1 to 1000`."""
        if self.choices:
            also = f", or {self.also_words}" if self.also_words else ""
            return f"one of {', '.join(self.choices)}{also}"
        if kind is str:
            return self.also_words or "a name"
        if kind is int:
            return f"a whole number from {int(self.low or 0)} to {int(self.high or 0)}"
        noun = "a finite number"
        if self.above is not None:
            bounds = f" above {self.above:g}"
            return noun + bounds + (f" and up to {self.high:g}" if self.high is not None else "")
        if self.low is not None and self.high is not None:
            return f"a number from {self.low:g} to {self.high:g}"
        return f"{noun} of at least {self.low:g}" if self.low is not None else noun
