"""The experiment: a frozen declaration of everything that decides a run. One field, one knob."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
)

from gradsim.errors import InputError, nearest
from gradsim.experiment.knobs import Effect, Knob
from gradsim.experiment.layered import INHERIT, Override, flat, split_name
from gradsim.experiment.sequences import SEQUENCES
from gradsim.experiment.sources import DATA_SETS
from gradsim.experiment.tables import is_file
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.clipping import CLIPS
from gradsim.nn.initializers import INITIALIZERS
from gradsim.nn.losses import LOSSES
from gradsim.nn.network import LayerName
from gradsim.nn.normalization import NORMALIZATIONS, PLACES
from gradsim.nn.optimizers import OPTIMIZERS
from gradsim.nn.recurrent import CELLS
from gradsim.nn.schedules import SCHEDULES
from gradsim.nn.settings import Setting
from gradsim.nn.skips import ORDERS, SKIPS, WIDTHS

MOST_WIDTH = 1024

RECURRENT = tuple(name for name in CELLS if name != "none")

PARTS: dict[str, Mapping[str, Any]] = {
    "activation": ACTIVATIONS,
    "initializer": INITIALIZERS,
    "normalization": NORMALIZATIONS,
    "skip": SKIPS,
    "clip": CLIPS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "loss": LOSSES,
}
"""Knobs that choose a part, each with its table of parts; their settings are knobs as well."""


def _formulas(registry: Mapping[str, Any], none: str = "") -> dict[str, str]:
    first = {"none": none} if none else {}
    return first | {name: part.formula for name, part in registry.items()}


def _ones_twos_fives(low: int, high: int) -> tuple[float, ...]:
    """1, 2 and 5 times each power of ten from 10^low to 10^high."""
    return tuple(float(f"{digit}e{power}") for power in range(low, high + 1) for digit in (1, 2, 5))


def _is_widths(text: str) -> bool:
    return all(re.fullmatch(r"\s*\d{1,5}\s*", w) and 0 < int(w) <= MOST_WIDTH
               for w in text.split(","))  # fmt: skip


def _all_but(names: Iterable[str], *left_out: str) -> tuple[str, ...]:
    return tuple(name for name in names if name not in left_out)


class Experiment(BaseModel):
    """What is trained, on what, and how. Same experiment, same bits (on one machine, one thread).

    Made by `of`, which also knows the settings of the parts (`leaky-slope`) and values for single
    layers (`layers.7.activation`). Raises InputError, a sentence for each wrong knob, from `of`
    and `switch`.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_name=False,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    # No knob: with a dot in its alias it can only be set by `of`.
    overrides: Annotated[tuple[Override, ...], Field(alias=".overrides")] = ()
    """Values that hold for one layer only."""

    activation: Annotated[
        str,
        Knob(
            "function applied to every pre-activation of the hidden layers",
            Effect.KEEP,
            key="a",
            choices=_formulas(ACTIVATIONS),
            per_layer=True,
            used_with=("cell", ("none", "rnn")),
        ),
    ] = "sigmoid"
    initializer: Annotated[
        str,
        Knob(
            "how the weights start",
            Effect.REBUILD,
            key="i",
            choices=_formulas(INITIALIZERS),
            per_layer=True,
        ),
    ] = "glorot-normal"
    initializer_gain: Annotated[
        float,
        Knob(
            "factor on every starting weight, whatever the initializer",
            Effect.REBUILD,
            low=0.0,
            per_layer=True,
        ),
    ] = 1.0
    activation_gain: Annotated[
        str,
        Knob(
            "whether starting weights are also multiplied by the activation's own gain",
            Effect.REBUILD,
            choices={
                "off": "1",
                "on": "tanh 5/3, relu sqrt(2), leaky-relu and prelu sqrt(2 / (1 + slope^2)), "
                "selu 3/4, others 1 (PyTorch's calculate_gain)",
            },
            per_layer=True,
        ),
    ] = "off"
    bias_std: Annotated[
        float,
        Knob(
            "standard deviation of the starting biases, drawn from a normal distribution",
            Effect.REBUILD,
            low=0.0,
            per_layer=True,
        ),
    ] = 0.0
    normalization: Annotated[
        str,
        Knob(
            "normalization in each hidden layer",
            Effect.NORMALIZATION,
            key="n",
            choices=_formulas(NORMALIZATIONS, none="y = x"),
            per_layer=True,
        ),
    ] = "none"
    normalization_place: Annotated[
        str,
        Knob(
            "where in the layer the normalization stands",
            Effect.NORMALIZATION,
            choices=PLACES,
            per_layer=True,
            used_with=("normalization", _all_but(NORMALIZATIONS, "weight")),
        ),
    ] = "before-activation"
    skip: Annotated[
        str,
        Knob(
            "path around each block of hidden layers",
            Effect.KEEP,
            key="s",
            choices=_formulas(SKIPS, none="y = f(x)"),
            per_layer=True,
            used_with=("cell", ("none",)),
        ),
    ] = "none"
    skip_every: Annotated[
        int,
        Knob(
            "layers in a block that a skip leads around; the last block takes what is left",
            Effect.KEEP,
            low=1,
            high=1000,
            used_with=("skip", tuple(SKIPS)),
        ),
    ] = 1
    skip_order: Annotated[
        str,
        Knob(
            "in which order a block with a skip is wired",
            Effect.KEEP,
            choices=ORDERS,
            used_with=("skip", tuple(SKIPS)),
        ),
    ] = "activation-inside"
    skip_widths: Annotated[
        str,
        Knob(
            "what a skip does where the ends of its block differ in width",
            Effect.KEEP,
            choices=WIDTHS,
            used_with=("skip", _all_but(SKIPS, "dense")),
        ),
    ] = "projection"
    clip: Annotated[
        str,
        Knob(
            "what is done to the gradients before the update",
            Effect.KEEP,
            key="c",
            choices=_formulas(CLIPS, none="g"),
        ),
    ] = "none"
    clip_threshold: Annotated[
        float,
        Knob(
            "threshold of the clipping",
            Effect.KEEP,
            key="]",
            key_back="[",
            above=0.0,
            ladder=_ones_twos_fives(-3, 2),
            used_with=("clip", tuple(CLIPS)),
        ),
    ] = 1.0
    optimizer: Annotated[
        str,
        Knob(
            "how gradients become a change of the parameters",
            Effect.OPTIMIZER,
            key="o",
            choices=_formulas(OPTIMIZERS),
        ),
    ] = "sgd"
    learning_rate: Annotated[
        float,
        Knob("size of the update", Effect.KEEP, key="l", low=0.0, ladder=_ones_twos_fives(-4, 1)),
    ] = 0.02
    schedule: Annotated[
        str,
        Knob(
            "how the learning rate changes from step to step",
            Effect.KEEP,
            choices=_formulas(SCHEDULES),
        ),
    ] = "constant"
    loss: Annotated[str, Knob("what training lowers", Effect.KEEP, choices=_formulas(LOSSES))] = (
        "softmax-cross-entropy"
    )
    loss_factor: Annotated[
        float, Knob("plain factor on the loss and so on every gradient", Effect.KEEP, above=0.0)
    ] = 1.0
    depth: Annotated[
        int,
        Knob(
            "number of hidden layers",
            Effect.REBUILD,
            used_with=("cell", ("none",)),
            key="d",
            low=1,
            high=1000,
            ladder=(1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000),
        ),
    ] = 20
    width: Annotated[
        int,
        Knob(
            "units in each hidden layer",
            Effect.REBUILD,
            key="w",
            low=1,
            high=MOST_WIDTH,
            ladder=tuple(2.0**k for k in range(11)),
            per_layer=True,
            used_with=("widths", ("",)),
        ),
    ] = 64
    widths: Annotated[
        str,
        Knob(
            "units of each hidden layer, one by one, instead of depth and width: 128,64,32",
            Effect.REBUILD,
            also=_is_widths,
            also_words=f"whole numbers from 1 to {MOST_WIDTH} with commas between, or nothing",
        ),
    ] = ""
    cell: Annotated[
        str,
        Knob(
            "recurrent cell: a network through time instead of a deep stack",
            Effect.REBUILD,
            key="e",
            choices=CELLS,
        ),
    ] = "none"
    recurrent_layers: Annotated[
        int,
        Knob(
            "recurrent layers, one on the other, instead of depth",
            Effect.REBUILD,
            low=1,
            high=16,
            used_with=("cell", RECURRENT),
        ),
    ] = 1
    recurrent_initializer: Annotated[
        str,
        Knob(
            "how the weights from one time step to the next start",
            Effect.REBUILD,
            choices={
                name: part.formula for name, part in INITIALIZERS.items() if not part.fits_data
            },
            used_with=("cell", RECURRENT),
        ),
    ] = "glorot-normal"
    recurrent_radius: Annotated[
        float,
        Knob(
            "spectral radius that the weights over time are scaled to; 0 leaves them as drawn",
            Effect.REBUILD,
            low=0.0,
            used_with=("cell", RECURRENT),
        ),
    ] = 0.0
    forget_bias: Annotated[
        float,
        Knob(
            "bias at which the forget gate starts: the larger, the longer is remembered",
            Effect.REBUILD,
            low=-100.0,
            high=100.0,
            used_with=("cell", ("lstm",)),
        ),
    ] = 0.0
    truncation: Annotated[
        int,
        Knob(
            "time steps that the gradient goes back at most, in windows from the end; 0 is all",
            Effect.KEEP,
            low=0,
            high=2000,
            used_with=("cell", RECURRENT),
        ),
    ] = 0
    readout: Annotated[
        str,
        Knob(
            "when the network answers, and the loss is taken",
            Effect.REBUILD,
            choices={
                "last": "after the last time step",
                "every": "after every time step",
            },
            used_with=("cell", RECURRENT),
        ),
    ] = "last"
    batch_size: Annotated[
        int, Knob("examples in each training step", Effect.KEEP, low=1, high=65536)
    ] = 64
    data: Annotated[
        str,
        Knob(
            "data set, or the path of a CSV or NPZ file; a fifth is held out",
            Effect.REBUILD,
            choices={name: source.about for name, source in (DATA_SETS | SEQUENCES).items()},
            also=is_file,
            also_words="the path of a .csv or .npz file",
        ),
    ] = "digits"
    target: Annotated[
        str,
        Knob("column of a CSV file to predict; nothing stands for the last", Effect.REBUILD),
    ] = ""
    sequence_length: Annotated[
        int,
        Knob(
            "time steps of a made-up sequence",
            Effect.REBUILD,
            low=1,
            high=2000,
            used_with=("data", ("adding", "recall", "copy")),
        ),
    ] = 50
    sequence_column: Annotated[
        str,
        Knob(
            "column of a CSV file that says to which sequence a row belongs; nothing for no "
            "sequences",
            Effect.REBUILD,
        ),
    ] = ""
    time_column: Annotated[
        str,
        Knob(
            "column of a CSV file to order a sequence by; nothing for the order of the file",
            Effect.REBUILD,
        ),
    ] = ""
    scaling: Annotated[
        str,
        Knob(
            "what is done to the inputs, and to a number to predict",
            Effect.REBUILD,
            choices={
                "standardized": "mean 0, standard deviation 1 over the training rows",
                "raw": "as they are",
            },
        ),
    ] = "standardized"
    seed: Annotated[
        int,
        Knob("what all random numbers are drawn from", Effect.REBUILD, low=0, high=2**63 - 1),
    ] = 0
    dtype: Annotated[
        str,
        Knob(
            "number format of the network",
            Effect.REBUILD,
            choices={
                "float64": "about 16 digits, 1e-308 to 1e308",
                "float32": "about 7 digits, 1e-38 to 1e38",
            },
        ),
    ] = "float64"

    @field_validator("*", mode="before")
    @classmethod
    def _plain(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool):
            raise ValueError("true and false are not numbers")
        if isinstance(value, int | float) and KINDS.get(kebab(info.field_name or "")) is str:
            # `clip-norm = 2` and `clip-norm = inf` in TOML are numbers.
            return f"{value:g}" if isinstance(value, float) else str(value)
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _within_bounds(cls, value: Any, info: ValidationInfo) -> Any:
        knob = KNOBS.get(kebab(info.field_name or ""))
        if knob and knob.problem(value):
            raise ValueError("out of bounds")
        return value

    @classmethod
    def of(cls, settings: Mapping[str, Any], where: str = "") -> "Experiment":
        """An experiment from settings by knob name; `where` (file, flag) begins each problem."""
        given = flat(settings)
        plain = {name: value for name, value in given.items() if "." not in name}
        dotted = {name: value for name, value in given.items() if "." in name}
        problems: list[str] = []
        _count_widths(plain)
        try:
            experiment = _FULL.model_validate(plain)
        except ValidationError as error:
            raise InputError(_sentences(error, where)) from None
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
        return experiment.model_copy(update={"overrides": tuple(ordered)})

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
    def _common(self) -> dict[str, Any]:
        own = self.model_dump(exclude={"overrides"})
        return {name: own[name] for name in KNOBS}

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


def kebab(field_name: str) -> str:
    """The public name of a knob: `learning_rate` is `learning-rate`."""
    return field_name.replace("_", "-")


def _declared() -> dict[str, Knob]:
    return {
        kebab(name): next(item for item in info.metadata if isinstance(item, Knob))
        for name, info in Experiment.model_fields.items()
        if name != "overrides"
    }


def _with_settings(declared: Mapping[str, Knob]) -> tuple[dict[str, Knob], dict[str, Setting]]:
    """The knobs, each followed by the settings of the parts that it chooses among."""
    knobs: dict[str, Knob] = {}
    settings: dict[str, Setting] = {}
    for name, knob in declared.items():
        knobs[name] = knob
        parts = PARTS.get(name, {})
        own = {setting.name: setting for part in parts.values() for setting in part.settings}
        for setting in own.values():
            users = tuple(n for n, part in parts.items() if setting in part.settings)
            knobs[setting.name] = Knob.of_setting(setting, name, users, knob.per_layer)
        settings |= own
    return knobs, settings


KNOBS, _SETTINGS = _with_settings(_declared())
"""Every knob by its public name, in the order of declaration."""

_FIELDS: dict[str, Any] = {
    name.replace("-", "_"): (type(setting.default), setting.default)
    for name, setting in _SETTINGS.items()
}

_FULL: type[Experiment] = create_model("Experiment", __base__=Experiment, **_FIELDS)

KINDS: dict[str, type] = {
    name: cast(type, _FULL.model_fields[name.replace("-", "_")].annotation) for name in KNOBS
}
"""The type of every knob's value: str, int or float."""

DEFAULTS: dict[str, Any] = {
    name: _FULL.model_fields[name.replace("-", "_")].default for name in KNOBS
}
"""The value of every knob where nothing is said."""


def right(name: str) -> str:
    """What would be a right value of this knob, in words."""
    knob = name.rpartition(".")[2]
    return KNOBS[knob].right(KINDS[knob])


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
        fitting = [n for n in fitting if _of(n) in ("initializer", "initializer-gain", "bias-std")]
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
    try:
        right_kind = getattr(_FULL.model_validate({knob: value}), knob.replace("-", "_"))
    except ValidationError as error:
        problems.extend(text.replace(knob, name, 1) for text in _sentences(error, ""))
        return []
    return [Override(layer, knob, right_kind) for layer in layers]


def _of(knob: str) -> str:
    """The knob that this one is a setting of, or itself."""
    needed = KNOBS[knob].used_with
    return needed[0] if needed and knob in _SETTINGS else knob


def _shown(found: Any) -> str:
    if isinstance(found, int) and abs(found) >= 10**40:
        return "a number of more than 40 digits"
    text = f'"{found}"' if isinstance(found, str) else f"{found}".lower()
    return text if len(text) <= 80 else f"{text[:76]}..."


def _sentences(error: ValidationError, where: str) -> list[str]:
    lead = f"{where}: " if where else ""
    sentences = []
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0])
        if problem["type"] == "extra_forbidden":
            sentences.append(f'{lead}there is no knob "{name}"; {nearest(name, KNOBS)}')
            continue
        found = problem["input"]
        shown = _shown(found)
        hint = ""
        if KNOBS[name].choices and isinstance(found, str):
            close = nearest(found, KNOBS[name].choices)
            hint = f"; {close}" if close.startswith("did") else ""
        sentences.append(f"{lead}{name} is {shown}, but must be {right(name)}{hint}")
    return sentences
