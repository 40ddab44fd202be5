"""The table of remedies: what each changes, and why it may help. A new one is a row here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeAlias

from gradsim.experiment.experiment import DEFAULTS, Experiment


@dataclass(frozen=True, slots=True)
class Patient:
    """What a row may look at: the experiment, and what was measured of it unchanged."""

    experiment: Experiment
    grad_norms: Sequence[float]
    """The L2 norm of all gradients at each step of the unchanged run; may hold NaN."""

    def value(self, knob: str) -> Any:
        """The value of a knob, as it is for all layers."""
        return self.experiment.value(knob)


Changes: TypeAlias = Mapping[str, Any]
"""Knobs with the values they are set to."""


@dataclass(frozen=True, slots=True)
class Row:
    """A remedy of the table. `changes` gives nothing where it is not one for this experiment."""

    name: str
    changes: Callable[[Patient], Changes]
    why: str


def _set(name: str, knob: str, value: Any, why: str) -> Row:
    """One knob, in all layers."""
    return Row(name, lambda patient: {knob: value}, why)


def _rate(factor: float, why: str) -> Row:
    def changes(patient: Patient) -> Changes:
        rate = patient.value("learning-rate") or DEFAULTS["learning-rate"]
        return {"learning-rate": float(f"{rate * factor:.6g}")}

    return Row(f"rate x {factor:g}", changes, why)


CUSTOMARY_RATES = {"rmsprop": 0.001, "adagrad": 0.01, "adam": 0.001, "adamw": 0.001}
"""For optimizers whose update does not follow the gradient's size; as in PyTorch."""


def _optimizer(kind: str, why: str) -> Row:
    """Another optimizer; with a rate that fits, where the one of now was made for another kind."""

    def changes(patient: Patient) -> Changes:
        own = patient.value("optimizer")
        if kind in CUSTOMARY_RATES:
            return {"optimizer": kind, "learning-rate": CUSTOMARY_RATES[kind]}
        if own in CUSTOMARY_RATES:
            return {"optimizer": kind, "learning-rate": DEFAULTS["learning-rate"]}
        return {"optimizer": kind}

    return Row(kind, changes, why)


def _clip(name: str, quantile: float, why: str) -> Row:
    """Clipping by the global norm, at a quantile of the norms that were measured."""

    def changes(patient: Patient) -> Changes:
        norms = sorted(norm for norm in patient.grad_norms if isfinite(norm) and norm > 0.0)
        if not norms:
            return {}
        threshold = norms[min(int(quantile * len(norms)), len(norms) - 1)]
        return {"clip": "global-norm", "clip-threshold": float(f"{threshold:.2g}")}

    return Row(name, changes, why)


def _fewer(divisor: int, words: str, why: str) -> Row:
    def changes(patient: Patient) -> Changes:
        if patient.value("cell") != "none":
            return {"recurrent-layers": max(1, patient.value("recurrent-layers") // divisor)}
        depth = max(1, patient.experiment.depth // divisor)
        widths = patient.value("widths")
        if widths:
            return {"widths": ",".join(widths.split(",")[:depth]), "depth": depth}
        return {"depth": depth}

    return Row(words, changes, why)


def _cell(kind: str, why: str, **settings: float) -> Row:
    """Another cell, where there is one; with the settings that it is used with."""

    def changes(patient: Patient) -> Changes:
        if patient.value("cell") in ("none", kind):
            return {}
        return {"cell": kind} | {name.replace("_", "-"): v for name, v in settings.items()}

    return Row(kind, changes, why)


def _gain(factor: float, why: str) -> Row:
    def changes(patient: Patient) -> Changes:
        return {"initializer-gain": float(f"{patient.value('initializer-gain') * factor:.6g}")}

    return Row(f"gain x {factor:g}", changes, why)


def _alike(patient: Patient) -> Changes:
    return {override.name: "inherit" for override in patient.experiment.overrides}


ROWS: tuple[Row, ...] = (
    # What an experiment has of its own, taken back: for most these are no change.
    Row("all layers alike", _alike, "takes back what single layers have of their own"),
    _set("gain 1", "initializer-gain", 1.0, "the size that the initializer is made for"),
    _set("bias-std 0", "bias-std", 0.0, "biases push units into their flat parts"),
    _set("scaling standardized", "scaling", "standardized", "inputs of size 1 fit the weights"),
    _set("loss-factor 1", "loss-factor", 1.0, "a factor on the loss is one on the rate"),
    _set("float64", "dtype", "float64", "numbers from 1e-308 to 1e308"),
    _set("weight-decay 0", "weight-decay", 0.0, "decay draws the weights to zero"),
    _set("constant rate", "schedule", "constant", "a schedule may end the learning too soon"),
    _set("no clipping", "clip", "none", "clipping may leave too little of the gradient"),
    _set("no normalization", "normalization", "none", "batch norm lets the gradient grow"),
    _set("no skips", "skip", "none", "plain sums of paths grow with depth"),
    _set("no truncation", "truncation", 0, "the gradient goes back to the first time step"),
    # What is tried first where there is time.
    _cell("lstm", "a cell that is added to carries over time", forget_bias=1.0),
    _cell("gru", "a gate lets the state pass as it is"),
    _set("orthogonal over time", "recurrent-initializer", "orthogonal", "changes no length"),
    _set("identity over time", "recurrent-initializer", "identity", "starts by keeping the state"),
    _set("radius 1", "recurrent-radius", 1.0, "neither shrinks nor grows in the long run"),
    _set("forget-bias 1", "forget-bias", 1.0, "begins by remembering"),
    # What is tried first in the field.
    _set("relu", "activation", "relu", "slope 1 where a unit is on"),
    _set("tanh", "activation", "tanh", "slope 1 around 0, outputs around 0"),
    _set("batch norm", "normalization", "batch", "keeps each unit's spread at 1"),
    _set("he-normal", "initializer", "he-normal", "makes up for units that are off"),
    _set("residual-scaled", "skip", "residual-scaled", "a direct way back; sizes stay"),
    _rate(0.1, "smaller steps do not overshoot"),
    _rate(10.0, "larger steps where the gradient is small"),
    _optimizer("adam", "steps of one size, however small the gradient"),
    _set("leaky-relu", "activation", "leaky-relu", "no unit is ever quite off"),
    _set("selu", "activation", "selu", "draws each layer to mean 0, spread 1"),
    _set("elu", "activation", "elu", "slope 1 above 0, mean output near 0"),
    _set("gelu", "activation", "gelu", "smooth, slope about 1 where a unit is on"),
    _set("layer norm", "normalization", "layer", "keeps each row's spread at 1"),
    _set("orthogonal", "initializer", "orthogonal", "weights that change no length"),
    _set("lsuv", "initializer", "lsuv", "weights fitted to spread 1 on a batch"),
    _set("glorot-normal", "initializer", "glorot-normal", "between forward and backward"),
    _set("lecun-normal", "initializer", "lecun-normal", "keeps sizes on the way forward"),
    _set("residual", "skip", "residual", "a direct way back past each layer"),
    _set("residual-depth", "skip", "residual-depth", "a direct way back; branches held small"),
    _set("rezero", "skip", "rezero", "starts as if it had no layers"),
    _rate(3.0, "larger steps where the gradient is small"),
    _rate(0.3, "smaller steps do not overshoot"),
    _optimizer("momentum", "adds up small gradients of one direction"),
    _clip("clip", 0.1, "no step larger than a quiet one so far"),
    _fewer(2, "half the layers", "fewer factors to pass through"),
    _fewer(4, "a quarter of the layers", "fewer factors to pass through"),
    _set("silu", "activation", "silu", "smooth, slope about 1 where a unit is on"),
    _set("prelu", "activation", "prelu", "learns the slope below 0"),
    # What there is besides: tried where some of those above are no change.
    _set("rms norm", "normalization", "rms", "keeps each row's size at 1"),
    _set("weight norm", "normalization", "weight", "length and direction learned apart"),
    _optimizer("nesterov", "momentum that looks ahead"),
    _optimizer("rmsprop", "steps of one size, however small the gradient"),
    _optimizer("adamw", "adam, with a decay of its own"),
    _optimizer("adagrad", "large steps for parameters that moved little"),
    _gain(2.0, "larger weights carry more"),
    _gain(0.5, "smaller weights carry less"),
    _set("softsign", "activation", "softsign", "like tanh, with slower tails"),
    _set("hardtanh", "activation", "hardtanh", "slope 1 around 0, cut off beyond"),
    _set("mish", "activation", "mish", "smooth, slope about 1 where a unit is on"),
    _set("erf", "activation", "erf", "like tanh, with faster tails"),
    _set("highway", "skip", "highway", "gates learn what passes by"),
    _set("warm-up", "schedule", "warm-up", "small steps first, while all is far off"),
    _set("adaptive clip", "clip", "adaptive", "no step large for the weights it meets"),
    _set("group norm", "normalization", "group", "keeps the spread of groups at 1"),
    _set("clip by value", "clip", "value", "no entry larger than the threshold"),
    _set("clip one by one", "clip", "parameter-norm", "no matrix takes from another"),
    _set("he-uniform", "initializer", "he-uniform", "makes up for units that are off"),
    _set("glorot-uniform", "initializer", "glorot-uniform", "between forward and backward"),
    _set("lecun-uniform", "initializer", "lecun-uniform", "keeps sizes on the way forward"),
    _set("cosine rate", "schedule", "cosine", "large steps first, then smaller ones"),
)
"""Every remedy there is, in the order in which they are tried."""
