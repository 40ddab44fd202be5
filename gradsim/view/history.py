"""The history: loss, held-out accuracy and gradient norms over the steps so far."""

from collections.abc import Sequence

from gradsim.numbers import number, share
from gradsim.view.frame import Frame
from gradsim.view.lines import Line, Run, fitted
from gradsim.view.plot import Axis, Curve, Markers, draw, fit, sample

CHARTS = ("loss", "accuracy", "gradient")
"""The charts of the history, in the order in which they find room."""

SMALLEST = 6
"""Lines below which a chart is not worth drawing."""


def _sign(style: str) -> str:
    return f"{sample(style)} "


def history(frame: Frame, width: int, height: int, markers: Markers, first: int = 0) -> list[Line]:
    """As many charts as fit, one under the other, from chart `first` on: exactly `height` lines."""
    count = max(1, min(len(CHARTS), height // SMALLEST))
    lines: list[Line] = []
    for index in range(count):
        name = CHARTS[(first + index) % len(CHARTS)]
        rows = (height - len(lines)) // (count - index)
        lines.extend(_chart(frame, name, width, rows, markers, only=count == 1))
    return lines


def _chart(
    frame: Frame, name: str, width: int, height: int, markers: Markers, *, only: bool
) -> list[Line]:
    curves, y, title = _parts(frame, name)
    steps = Axis(0.0, float(max(frame.step, 10)), label="step")
    held_out = frame.history.held_out_accuracy
    if only and name != "accuracy":
        title = [*title, ("  held-out ", "label"), (share(_last(held_out)), "value")]
    return [fitted(title, width), *draw(curves, steps, y, width, height - 1, markers).rows]


def _parts(frame: Frame, name: str) -> tuple[list[Curve], Axis, list[Run]]:
    h = frame.history
    if name == "loss":
        low, high = fit([h.loss], log=False)
        return (
            [_line("live", h.loss)],
            Axis(min(low, 0.0) if low < high / 2 else low, high, label="loss"),
            [(_sign("live"), "live"), ("loss ", "label"), (number(_last(h.loss)), "value")],
        )
    if name == "accuracy":
        return (
            [_line("second", h.accuracy), _line("live", h.held_out_accuracy)],
            Axis(0.0, 1.0, label="share right"),
            [
                (_sign("live"), "live"),
                ("held-out ", "label"),
                (share(_last(h.held_out_accuracy)), "value"),
                (f"  {_sign('second')}", "second"),
                ("batch", "label"),
            ],
        )
    curves = [_line("live", h.grad_norm)]
    title: list[Run] = [
        (_sign("live"), "live"),
        ("gradient norm ", "label"),
        (number(_last(h.grad_norm)), "value"),
    ]
    if frame.experiment.clip != "none":
        threshold = frame.experiment.clip_threshold
        end = float(max(frame.step, 10))
        curves = [
            Curve("threshold", [0.0, end], [threshold, threshold], "threshold"),
            *curves,
            _line("second", h.clipped_grad_norm),
        ]
        title += [
            (f"  {_sign('second')}", "second"),
            ("clipped ", "label"),
            (number(_last(h.clipped_grad_norm)), "value"),
            (f"  {_sign('threshold')}", "threshold"),
            ("threshold ", "label"),
            (number(threshold), "value"),
        ]
    low, high = fit([curve.y for curve in curves], log=True)
    return curves, Axis(low, high, log=True, label="norm"), title


def _line(style: str, values: Sequence[float]) -> Curve:
    return Curve(style, [float(k) for k in range(len(values))], list(values), style)


def _last(values: Sequence[float]) -> float | None:
    return values[-1] if values else None
