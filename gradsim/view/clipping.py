"""The clip advisor in lines: what the gradient norms so far say about a threshold."""

from math import isfinite

from gradsim.insight.clip_advisor import QUANTILES, ClipAdvice, Turn
from gradsim.numbers import number
from gradsim.view.lines import Line, Run, wrapped


def clipping(advice: ClipAdvice, width: int) -> list[Line]:
    """Quantiles, thresholds, turns and the effective learning rate, each in a line or more."""
    rows: list[list[list[Run]]] = []
    if advice.thresholds:
        pairs = zip(QUANTILES, advice.quantiles, strict=True)
        rows.append(
            [
                [(f"gradient norm of {advice.steps} steps, below", "label")],
                *([(f"{100 * q:g} % ", "label"), (number(value), "value")] for q, value in pairs),
            ]
        )
        if advice.not_finite:
            rows[-1].append([(f"({advice.not_finite} not finite, left out)", "label")])
        rows.append(
            [
                [("threshold that fires at", "label")],
                *(
                    [
                        (f"{100 * each.rate:g} % ({each.fired}) ", "label"),
                        (number(each.by_norm.threshold), "value"),
                    ]
                    for each in advice.thresholds
                ),
            ]
        )
        rows.append(
            [
                [("clipped there now it turns, by value", "label")],
                *([_degrees(each.by_value)] for each in advice.thresholds),
                [("by norm ", "label"), _degrees(advice.thresholds[0].by_norm)],
            ]
        )
    else:
        rows.append(
            [
                [("gradient norm ", "label"), (number(advice.grad_norm), "value")],
                [("one step is no statistic: play some for a threshold", "label")],
            ]
        )
    if isfinite(advice.halved.angle):
        rows.append(
            [
                [("halved it turns, by value", "label"), (" ", ""), _degrees(advice.halved)],
                [("cut at ", "label"), (number(advice.halved.threshold), "value")],
                [("by norm ", "label"), ("0.0°", "value")],
            ]
        )
    rate: list[Run] = [("learning rate now ", "label"), (number(advice.learning_rate), "value")]
    if advice.coefficient != 1.0:
        rate += [
            (f" x {number(advice.coefficient)} left by clipping = ", "label"),
            (f"{number(advice.effective_learning_rate)} effective", "value"),
        ]
    rows.append([rate])
    return [line for row in rows for line in wrapped(row, width)]


def _degrees(turn: Turn) -> Run:
    return ("no angle" if not isfinite(turn.angle) else f"{turn.angle:.1f}°", "value")
