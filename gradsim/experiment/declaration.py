"""The declaration of every knob: one field, one knob; all faces take it from here."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from gradsim.experiment.knobs import Effect, Knob
from gradsim.experiment.own_files import is_file
from gradsim.experiment.sequences import SEQUENCES
from gradsim.experiment.sources import DATA_SETS
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.cells import CELLS
from gradsim.nn.clipping import CLIPS
from gradsim.nn.initializers import INITIALIZERS
from gradsim.nn.losses import LOSSES
from gradsim.nn.normalization import NORMALIZATIONS, PLACES
from gradsim.nn.optimizers import OPTIMIZERS
from gradsim.nn.schedules import SCHEDULES
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


class Declared:
    """A field for each knob that is no setting of a part; `Experiment` makes them work."""

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
            high=10_000,
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
    evaluate_every: Annotated[
        int,
        Knob(
            "held-out accuracy is measured at every so many steps; in between the last one stands",
            Effect.KEEP,
            low=1,
            high=1_000_000,
            ladder=(1, 2, 5, 10, 20, 50, 100, 1000),
        ),
    ] = 10
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
