"""Places: where the panel of knobs sets values. In all layers, in some of them, or in the head."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gradsim.errors import InputError
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.experiment.layered import INHERIT
from gradsim.nn.network import LayerName

_RANGE = re.compile(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Place:
    """The layers whose own values are looked at and set; none of them stands for all layers."""

    layers: tuple[LayerName, ...] = ()

    @classmethod
    def of(cls, text: str, depth: int) -> "Place":
        """The place that was typed: `all`, `7`, `3-5`, `output`. Raises InputError."""
        text = text.strip().lower()
        if text in ("", "all"):
            return cls()
        if text == "output":
            return cls(("output",))
        match = _RANGE.fullmatch(text)
        if match:
            first = int(match[1])
            last = int(match[2] or first)
            if 1 <= first <= last <= depth:
                return cls(tuple(range(first, last + 1)))
        raise InputError(
            f'there is no layer "{text[:20]}": a number from 1 to {depth} is right, a range '
            "of them like 1-2, output, or all"
        )

    @classmethod
    def at(cls, index: int, depth: int) -> "Place":
        """One layer by its number; the head comes after the last."""
        return cls(("output",)) if index > depth else cls((index,))

    @property
    def title(self) -> str:
        """As it is typed: `all`, `7`, `3-5`, `output`."""
        return spans(self.layers) or "all"

    @property
    def words(self) -> str:
        """As it stands in a sentence: `layer 7`."""
        if self.layers in ((), ("output",)):
            return "output" if self.layers else "all layers"
        return f"layer{'s' if len(self.layers) > 1 else ''} {self.title}"

    def name(self, knob: str) -> str:
        """What to switch so that a knob changes here: `layers.3-5.activation`."""
        if not self.layers:
            return knob
        stem = "output" if self.layers == ("output",) else f"layers.{self.title}"
        return f"{stem}.{knob}"

    def neighbor(self, way: int, depth: int) -> "Place":
        """The next place or the one before: all, each layer, the head, and around."""
        if not self.layers:
            return Place.at(1 if way > 0 else depth + 1, depth)
        end = self.layers[-1 if way > 0 else 0]
        index = (depth + 1 if end == "output" else int(end)) + way
        return Place.at(index, depth) if 1 <= index <= depth + 1 else Place()

    def exists(self, depth: int) -> bool:
        """Whether a network of this depth has these layers."""
        return all(layer == "output" or int(layer) <= depth for layer in self.layers)

    def knobs(self, experiment: Experiment) -> list[str]:
        """The knobs that can have a value here."""
        if not self.layers:
            return list(KNOBS)
        return [n for n, knob in KNOBS.items() if knob.per_layer and self._takes(n, experiment)]

    def _takes(self, knob: str, experiment: Experiment) -> bool:
        # The head takes fewer than a hidden layer does; which ones, the experiment decides.
        try:
            experiment.switch({self.name(knob): INHERIT})
        except InputError:
            return False
        return True

    def values(self, experiment: Experiment, knob: str) -> list[Any]:
        """The values that hold here, each once."""
        if not self.layers:
            return [experiment.value(knob)]
        return list(dict.fromkeys(experiment.at(layer)[knob] for layer in self.layers))

    def own(self, experiment: Experiment, knob: str) -> list[LayerName]:
        """The layers of this place that have a value of their own."""
        return [
            layer
            for layer, name, _ in experiment.overrides
            if name == knob and (not self.layers or layer in self.layers)
        ]


def spans(layers: Iterable[LayerName]) -> str:
    """Layers in few words: `1, 3-5, output`."""
    pieces: list[list[LayerName]] = []
    for layer in layers:
        if pieces and layer != "output" and pieces[-1][-1] == int(layer) - 1:
            pieces[-1].append(layer)
        else:
            pieces.append([layer])
    return ", ".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else f"{p[0]}" for p in pieces)
