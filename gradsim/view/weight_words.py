"""What is found out about one weight, in sentences for someone who has never met a gradient."""

from math import isfinite, isnan

from gradsim.insight.slope import Differences, Nudge
from gradsim.insight.study import Study
from gradsim.insight.weight import Weight
from gradsim.numbers import number

MOST_DIGITS = 15
"""Where so many digits agree, all do that float64 holds."""

NOUNS = {
    "bias": "bias",
    "norm.weight": "scale",
    "norm.bias": "shift",
    "activation.weight": "slope",
    "skip.alpha": "factor",
    "gate.bias": "bias",
}
"""What an entry of a parameter is called that is not called a weight."""


def short(value: float) -> str:
    """A number in as few characters as it has digits: `0.001`, `1e-5`, `0.316`."""
    if not isfinite(value) or value == 0.0:
        return number(value)
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def figures(value: float, digits: int = 4) -> str:
    """A number with so many digits, so that two that are close can be told apart."""
    if not isfinite(value) or value == 0.0:
        return number(value)
    if 0.01 <= abs(value) < 1000.0:
        return f"{value:#.{digits}g}".rstrip(".")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def title(study: Study) -> str:
    """Which weight it is: `layer 3, weight[5, 7]: from input 7 to unit 5`."""
    weight = study.weight
    layer = "output" if weight.layer == "output" else f"layer {weight.layer}"
    entry = ", ".join(map(str, weight.index))
    return f"{layer}, {weight.parameter}[{entry}]: {_place(weight)}"


def _place(weight: Weight) -> str:
    at = weight.index
    match weight.parameter:
        case "weight":
            return f"from input {at[1]} to unit {at[0]}"
        case "skip.weight":
            return f"on the skip, from input {at[1]} to unit {at[0]}"
        case "gate.weight":
            return f"of the gate, from input {at[1]} to unit {at[0]}"
        case "skip.alpha":
            return "factor on the main path"
        case "norm.weight" | "norm.bias":
            return f"learned {NOUNS[weight.parameter]} {at[0]}"
        case "activation.weight":
            return f"learned slope {at[0]}"
        case _:
            return f"{weight.parameter.replace('.', ' ')} of unit {at[0]}"


def sentences(study: Study) -> list[str]:
    """What the gradient foretells and what is, what is odd about it, and the check beside it."""
    noun = NOUNS.get(study.weight.parameter, "weight")
    known = f"This {noun} is {figures(study.value, 3)}, its gradient {figures(study.gradient, 3)}"
    if not isfinite(study.loss):
        return [
            f"{known}.",
            f"The loss itself is {number(study.loss)}: there is no slope anywhere.",
        ]
    told = [f"{known}."]
    if study.nudge:
        told = [f"{known}{_forecast(study, study.nudge)}."]
        told += _odd(study, study.nudge, noun)
    if study.slope:
        told += _checked(study, study.slope)
    return told


def _forecast(study: Study, nudge: Nudge) -> str:
    if nudge.moved == 0.0:
        return f"; a nudge as small as that leaves it where it is in {study.dtype}"
    size, way = short(abs(nudge.moved)), "larger" if nudge.moved > 0 else "smaller"
    predicted, real = figures(nudge.predicted), figures(nudge.real)
    if study.nudged:
        return (
            f". Made {way} by {size} it should change the loss by {predicted}; "
            f"it really changes it by {real}{_off(nudge)}"
        )
    return (
        f": making it {way} by {size} should change the loss by {predicted}; "
        f"it really changes it by {real}{_off(nudge)}"
    )


def _off(nudge: Nudge) -> str:
    """How far off what is foretold is, where that means something."""
    if nudge.flat or not nudge.predicted or not isfinite(nudge.error):
        return ""
    if nudge.predicted == nudge.real:
        return " (exactly that)"
    if nudge.rounded:
        return " (the same up to rounding)"
    return f" ({short(float(f'{100.0 * nudge.error:.2g}'))} % off)"


def _odd(study: Study, nudge: Nudge, noun: str) -> list[str]:
    if not isfinite(nudge.loss):
        return [f"With that nudge the loss is {number(nudge.loss)}."]
    if study.gradient == 0.0:
        if nudge.real == 0.0 and all(loss == study.loss for _, loss in study.points):
            return [
                f"A gradient of exactly 0, and a loss that does not move at all: nothing that "
                f"this {noun} does reaches it in this batch."
            ]
        return ["A gradient of exactly 0, and yet the loss moves."]
    ends = f"digits end at {number(nudge.resolution)}"
    if nudge.flat and nudge.moved:
        if nudge.real == 0.0:
            return [
                f"The loss does not change in any digit that {study.dtype} holds: "
                f"{study.loss!r} before and after, and its {ends}."
            ]
        return [
            f"{study.dtype} cannot show so little: the loss is {study.loss!r}, its {ends}, and "
            "what it changes by is rounding."
        ]
    return []


def _checked(study: Study, slope: Differences) -> list[str]:
    if not isfinite(slope.central):
        return ["Beside it the loss is no number: there is nothing to check the gradient by."]
    sides = f"{short(slope.step)} to each side"
    if slope.kink:
        return [
            f"The loss has a kink here: its slope is {figures(slope.left)} to the left and "
            f"{figures(slope.right)} to the right (by differences, {sides}); backpropagation "
            f"takes {figures(study.gradient)}."
        ]
    lead = f"By differences alone ({sides}{_precisely(study)}) the slope is"
    off, digits = abs(slope.central - study.gradient), slope.digits(study.gradient)
    if off == 0.0 or digits >= MOST_DIGITS:
        return [f"{lead} {figures(slope.central)}: every digit agrees."]
    count = 0 if isnan(digits) else max(0, int(digits))
    rounding = off <= 2.0 * slope.noise
    if rounding and count < 2:
        return [
            f"{lead} {figures(slope.central, 2)}, give or take {number(slope.noise)} by rounding: "
            "too coarse to check a gradient as small as this."
        ]
    agree = f"{count} digit{'s agree' if count != 1 else ' agrees'}" if count else "no digit agrees"
    more = ", as many as rounding leaves" if rounding and count < 5 else ""
    return [f"{lead} {figures(slope.central, max(4, count + 1))}: {agree}{more}."]


def _precisely(study: Study) -> str:
    if study.dtype == "float64" or study.nudge is None:
        return ""
    steps = number(study.nudge.resolution)
    return f", in float64, as {study.dtype} shows this loss in steps of {steps}"
