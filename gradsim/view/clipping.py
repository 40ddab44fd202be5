"""The clip advisor in lines: what the gradient norms so far say about a threshold."""

from math import isfinite

from gradsim.insight.clip_advisor import QUANTILES, ClipAdvice, Turn
from gradsim.numbers import number
from gradsim.view.lines import Line, Run, wrapped

FEWEST = 20
"""Steps below which quantiles of a norm say next to nothing."""


def clipping(advice: ClipAdvice, width: int) -> list[Line]:
    """Quantiles, thresholds, turns and the effective learning rate, each in a line or more."""
    rows: list[list[list[Run]]] = []
    if advice.steps < FEWEST:
        rows.append(
            [
                [("clipping: gradient norm ", "label"), (number(advice.grad_norm), "value")],
                [(f"play {FEWEST} steps for a threshold", "label")],
            ]
        )
    else:
        pairs = zip(QUANTILES, advice.quantiles, strict=True)
        rows.append(
            [
                [(f"gradient norm of {advice.steps} steps, below", "label")],
                *([(f"{100 * q:g} % ", "label"), (number(value), "value")] for q, value in pairs),
            ]
        )
        if advice.not_finite:
            rows[-1].append([(f"({advice.not_finite} not finite, left out)", "label")])
        for each in advice.thresholds:
            rows.append(
                [
                    [("threshold ", "label"), (number(each.by_norm.threshold), "value")],
                    [(f"would fire at {100 * each.rate:g} % of the steps", "label")],
                    [
                        ("by value it would turn this gradient by ", "label"),
                        _degrees(each.by_value),
                    ],
                ]
            )
    if isfinite(advice.halved.angle):
        rows.append(
            [
                [
                    ("cut to half its norm, this gradient turns by ", "label"),
                    _degrees(advice.halved),
                ],
                [(f"by value (at {number(advice.halved.threshold)}), by norm by 0°", "label")],
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
