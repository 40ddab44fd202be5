"""The experiment: a frozen declaration of everything that decides a run. One field, one knob."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self, cast

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from gradsim.errors import InputError, nearest
from gradsim.experiment.knobs import Effect, Knob
from gradsim.experiment.sources import DATA_SETS
from gradsim.experiment.tables import is_file
from gradsim.nn.activations import ACTIVATIONS, LeakyReLU, PReLU
from gradsim.nn.clipping import CLIPS
from gradsim.nn.initializers import INITIALIZERS
from gradsim.nn.losses import LOSSES
from gradsim.nn.normalization import NORMALIZATIONS
from gradsim.nn.optimizers import OPTIMIZERS, Momentum
from gradsim.nn.skips import SKIPS


def _formulas(registry: Mapping[str, Any], none: str = "") -> dict[str, str]:
    first = {"none": none} if none else {}
    return first | {name: part.formula for name, part in registry.items()}


def _ones_twos_fives(low: int, high: int) -> tuple[float, ...]:
    """1, 2 and 5 times each power of ten from 10^low to 10^high."""
    return tuple(float(f"{digit}e{power}") for power in range(low, high + 1) for digit in (1, 2, 5))


class Experiment(BaseModel):
    """What is trained, on what, and how. Same experiment, same bits (on one machine, one thread).

    Raises InputError, a sentence for each wrong knob, from `of` and `switch`.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_name=False,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    activation: Annotated[
        str,
        Knob(
            "function applied to every pre-activation of the hidden layers",
            Effect.KEEP,
            key="a",
            choices=_formulas(ACTIVATIONS),
        ),
    ] = "sigmoid"
    leaky_slope: Annotated[
        float, Knob("slope of leaky-relu where x is not above 0", Effect.KEEP, low=0.0, high=1.0)
    ] = LeakyReLU.knobs["leaky-slope"]
    prelu_start: Annotated[
        float, Knob("slope at which prelu starts to learn", Effect.REBUILD, low=-1.0, high=1.0)
    ] = PReLU.knobs["prelu-start"]
    initializer: Annotated[
        str,
        Knob(
            "distribution of the starting weights; biases start at zero",
            Effect.REBUILD,
            key="i",
            choices=_formulas(INITIALIZERS),
        ),
    ] = "glorot-normal"
    initializer_gain: Annotated[
        float,
        Knob("factor on every starting weight, whatever the initializer", Effect.REBUILD, low=0.0),
    ] = 1.0
    initializer_std: Annotated[
        float,
        Knob(
            "standard deviation of `normal` and `uniform`, before the gain", Effect.REBUILD, low=0.0
        ),
    ] = 0.1
    normalization: Annotated[
        str,
        Knob(
            "normalization between the linear op and the activation of each hidden layer",
            Effect.NORMALIZATION,
            key="n",
            choices=_formulas(NORMALIZATIONS, none="y = x"),
        ),
    ] = "none"
    skip: Annotated[
        str,
        Knob(
            "path around each hidden layer whose input is as wide as its output",
            Effect.KEEP,
            key="s",
            choices=_formulas(SKIPS, none="y = f(x)"),
        ),
    ] = "none"
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
    momentum: Annotated[
        float, Knob("share of the velocity kept by momentum", Effect.KEEP, low=0.0, high=0.9999)
    ] = Momentum.knobs["momentum"]
    learning_rate: Annotated[
        float,
        Knob("size of the update", Effect.KEEP, key="l", low=0.0, ladder=_ones_twos_fives(-4, 1)),
    ] = 0.02
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
            high=1024,
            ladder=tuple(2.0**k for k in range(11)),
        ),
    ] = 64
    batch_size: Annotated[
        int, Knob("examples in each training step", Effect.KEEP, low=1, high=65536)
    ] = 64
    data: Annotated[
        str,
        Knob(
            "data set, or the path of a CSV file; a fifth is held out, the same for every seed",
            Effect.REBUILD,
            choices={name: source.about for name, source in DATA_SETS.items()},
            also=is_file,
            also_words="the path of a .csv file",
        ),
    ] = "digits"
    target: Annotated[
        str,
        Knob("column of a CSV file to predict; nothing stands for the last", Effect.REBUILD),
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
    def _no_truth_values(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("true and false are not numbers")
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _within_bounds(cls, value: Any, info: ValidationInfo) -> Any:
        if KNOBS[kebab(info.field_name or "")].problem(value):
            raise ValueError("out of bounds")
        return value

    @classmethod
    def of(cls, settings: Mapping[str, Any], where: str = "") -> Self:
        """An experiment from settings by knob name; `where` (file, flag) begins each problem."""
        try:
            return cls.model_validate({str(name): value for name, value in settings.items()})
        except ValidationError as error:
            raise InputError(_sentences(error, where)) from None

    def settings(self) -> dict[str, Any]:
        """Every knob by its name, as `of` takes them."""
        return self.model_dump()

    def value(self, name: str) -> Any:
        """The value of a knob by its name: `value("learning-rate")`."""
        return getattr(self, name.replace("-", "_"))

    def values(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of some knobs by name."""
        return {name: self.value(name) for name in names}

    def switch(self, changes: Mapping[str, Any], where: str = "") -> Self:
        """The experiment with some knobs set to other values."""
        return self.of(self.settings() | dict(changes), where)

    def differs(self, other: "Experiment") -> dict[str, tuple[Any, Any]]:
        """Knobs on which two experiments differ: name to (own value, the other's)."""
        own, others = self.settings(), other.settings()
        return {name: (own[name], others[name]) for name in own if own[name] != others[name]}


def kebab(field_name: str) -> str:
    """The public name of a knob: `learning_rate` is `learning-rate`."""
    return field_name.replace("_", "-")


KNOBS: dict[str, Knob] = {
    kebab(name): next(item for item in info.metadata if isinstance(item, Knob))
    for name, info in Experiment.model_fields.items()
}
"""Every knob by its public name, in the order of declaration."""

KINDS: dict[str, type] = {
    kebab(name): cast(type, info.annotation) for name, info in Experiment.model_fields.items()
}
"""The type of every knob's value: str, int or float."""

DEFAULTS: dict[str, Any] = {
    kebab(name): info.default for name, info in Experiment.model_fields.items()
}
"""The value of every knob where nothing is said."""


def right(name: str) -> str:
    """What would be a right value of this knob, in words."""
    return KNOBS[name].right(KINDS[name])


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
