"""The experiment: a frozen declaration of everything that decides a run."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NoReturn

from gradsim.errors import InputError, nearest
from gradsim.experiment.catalog import DEFAULTS, KINDS, KNOBS, field_of, kebab, part_of, right
from gradsim.experiment.declaration import PARTS, Declared
from gradsim.experiment.layered import INHERIT, Override, flat, split_name
from gradsim.experiment.reading import read
from gradsim.nn.network import LayerName

__all__ = ["DEFAULTS", "KINDS", "KNOBS", "PARTS", "Experiment", "kebab", "right"]


class Experiment(Declared):
    """What is trained, on what, and how. Same experiment, same bits (on one machine, one thread).

    Made by `of`, which also knows the settings of the parts (`leaky-slope`) and values for single
    layers (`layers.7.activation`). Raises InputError, a sentence for each wrong knob, from `of`
    and `switch`.
    """

    _common: dict[str, Any]
    overrides: tuple[Override, ...]
    """Values that hold for one layer only."""

    def __init__(
        self, values: Mapping[str, Any] = DEFAULTS, overrides: Iterable[Override] = ()
    ) -> None:
        """Take every knob's value, found right, by its name."""
        own = {field_of(name): value for name, value in values.items()}
        # Past what keeps it from being changed.
        self.__dict__.update(own, overrides=tuple(overrides), _common=dict(values))

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        """It cannot be changed."""
        raise AttributeError(f"an experiment is frozen: {name} is set by `switch`, in another one")

    def __eq__(self, other: object) -> bool:
        """Whether every knob has the same value, in every layer."""
        return isinstance(other, Experiment) and self._key == other._key

    def __hash__(self) -> int:
        """By all values."""
        return self._hash

    def __repr__(self) -> str:
        """What differs from the defaults, as `of` takes it."""
        own = {k: v for k, v in self.settings().items() if k not in DEFAULTS or v != DEFAULTS[k]}
        return f"Experiment.of({own})"

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        return (*self._common.values(), self.overrides)

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    @classmethod
    def of(cls, settings: Mapping[str, Any], where: str = "") -> "Experiment":
        """An experiment from settings by knob name; `where` (file, flag) begins each problem."""
        given = flat(settings)
        plain = {name: value for name, value in given.items() if "." not in name}
        dotted = {name: value for name, value in given.items() if "." in name}
        problems: list[str] = []
        _count_widths(plain)
        values, wrong = read(plain, where)
        if wrong:
            raise InputError(wrong)
        experiment = cls(values)
        count = experiment.widths.count(",") + 1
        if experiment.widths and experiment.depth != count:
            problems.append(
                f'depth is {experiment.depth}, but widths is "{experiment.widths}", {count} '
                f"layers: set depth to {count}, or widths to nothing"
            )
        overrides: dict[tuple[LayerName, str], Override] = {}
        for name, value in dotted.items():
            for override in _overrides(name, value, experiment, problems):
                overrides[override.layer, override.knob] = override
        if problems:
            raise InputError([f"{where}: {text}" if where else text for text in problems])
        kept = (o for o in overrides.values() if o.value != INHERIT)
        ordered = sorted(kept, key=lambda o: (o.layer == "output", str(o.layer).zfill(5), o.knob))
        return cls(values, ordered)

    def settings(self) -> dict[str, Any]:
        """Every knob by its name, and every value of a single layer, as `of` takes them."""
        return dict(self._common) | {override.name: override.value for override in self.overrides}

    def value(self, name: str) -> Any:
        """The value of a knob by its name: `value("learning-rate")`, `value("layers.7.width")`."""
        if "." in name:
            layers, knob = split_name(name) or ([], "")
            return self.at(layers[0])[knob]
        return self._common[name]

    def values(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of some knobs by name."""
        return {name: self.value(name) for name in names}

    def at(self, layer: LayerName) -> Mapping[str, Any]:
        """Every knob's value as it holds in one layer: its own, or the common one."""
        own: Mapping[str, Any] = self._by_layer.get(layer, self._common)
        return own

    @cached_property
    def _by_layer(self) -> dict[LayerName, dict[str, Any]]:
        layers: dict[LayerName, dict[str, Any]] = {}
        if self.widths:
            for number, width in enumerate(self.widths.split(","), start=1):
                layers[number] = self._common | {"width": int(width)}
        for layer, knob, value in self.overrides:
            layers.setdefault(layer, dict(self._common))[knob] = value
        return layers

    @property
    def hidden_layers(self) -> int:
        """How many layers there are before the head: `depth`, or the recurrent ones."""
        return self.depth if self.cell == "none" else self.recurrent_layers

    def in_use(self, name: str) -> bool:
        """Whether a knob does anything now: `leaky-slope` only with leaky-relu in some layer."""
        knob = name.rpartition(".")[2]
        needed = KNOBS[knob].used_with
        if needed is None:
            return True
        other, choices = needed
        everywhere = (self._common, *self._by_layer.values())
        return any(values[other] in choices for values in everywhere)

    def switch(self, changes: Mapping[str, Any], where: str = "") -> "Experiment":
        """The experiment with some knobs set to other values."""
        changes = flat(changes)
        settings = self.settings() | changes
        if changes.get("widths") and "depth" not in changes:
            del settings["depth"]
        return self.of(settings, where)

    def differs(self, other: "Experiment") -> dict[str, tuple[Any, Any]]:
        """Knobs on which two experiments differ: name to (own value, the other's)."""
        own, others = self.settings(), other.settings()
        names = [*own, *(name for name in others if name not in own)]
        pairs = {
            name: (
                own[name] if name in own else self.value(name),
                others[name] if name in others else other.value(name),
            )
            for name in names
            if "." not in name or name in own or name in others
        }
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _count_widths(plain: dict[str, Any]) -> None:
    """Let `widths` decide the depth, where nothing is said of it."""
    widths = plain.get("widths")
    if widths and isinstance(widths, str | int):
        plain.setdefault("depth", str(widths).count(",") + 1)


def _overrides(
    name: str, value: Any, experiment: Experiment, problems: list[str]
) -> list[Override]:
    """The values that a name with dots sets, or none and a problem."""
    found = split_name(name)
    if not found:
        problems.append(
            f'there is no knob "{name}"; a layer\'s own is layers.7.activation, '
            "layers.3-5.activation or output.initializer"
        )
        return []
    layers, knob = found
    fitting = [n for n, k in KNOBS.items() if k.per_layer]
    if layers == ["output"]:
        # The head is linear: all that it has of its own is how its weights start.
        fitting = [
            n for n in fitting if part_of(n) in ("initializer", "initializer-gain", "bias-std")
        ]
    if knob not in fitting:
        if knob not in KNOBS:
            problem = f'there is no "{knob}"; {nearest(knob, fitting)}'
        elif KNOBS[knob].per_layer:
            problem = f"the head has no {knob} of its own, only {', '.join(fitting)}"
        else:
            problem = f"{knob} is the same for all layers; set {knob} itself"
        problems.append(f"{name}: {problem}")
        return []
    if not layers:
        problems.append(f"{name}: the first number of a range must be the smaller one")
        return []
    last = experiment.hidden_layers
    if any(layer != "output" and not 1 <= layer <= last for layer in layers):
        which = "depth" if experiment.cell == "none" else "recurrent-layers"
        problems.append(f"{name} is set, but {which} is {last}: there are layers 1 to {last}")
        return []
    if value == INHERIT:
        return [Override(layer, knob, value) for layer in layers]
    values, wrong = read({knob: value}, "")
    problems.extend(text.replace(knob, name, 1) for text in wrong)
    return [] if wrong else [Override(layer, knob, values[knob]) for layer in layers]
