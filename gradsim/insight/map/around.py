"""Axes around an experiment: which knobs are worth a map, and a range about the present value."""

from math import floor, inf, isfinite, log10

from gradsim.experiment.experiment import KINDS, KNOBS, Experiment
from gradsim.insight.map.axes import Axis, read_axis

FACTORS = {"initializer-gain": 4.0, "width": 4.0, "batch-size": 8.0, "learning-rate": 30.0}
"""How far a range goes to both sides of the present value, as a factor; else TEN."""

TEN = 10.0

WIDEST = 3
"""How far the range of what counts something goes at the most, as a factor."""

AFTER_THE_START = (
    "optimizer",
    "clip",
    "schedule",
    "learning-rate",
    "clip-threshold",
)
"""Knobs, and parts with their settings, that change nothing before the first update."""

FIRST = ("initializer-gain", "depth", "width", "bias-std", "learning-rate")
"""The knobs that are offered first."""


def candidates(experiment: Experiment, trained: bool) -> tuple[str, ...]:
    """Knobs with numbers that do something now: in a network that is `trained`, or at its start."""
    names = [
        name
        for name, kind in KINDS.items()
        if kind is not str and experiment.in_use(name) and (trained or matters_at_start(name))
    ]
    if experiment.widths:
        # They say how many layers there are, so the depth cannot be another.
        names.remove("depth")
    return tuple(sorted(names, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST)))


def matters_at_start(name: str) -> bool:
    """Whether a knob can change what is measured before the first update."""
    knob = name.rpartition(".")[2]
    needed = KNOBS[knob].used_with
    return knob not in AFTER_THE_START and not (needed and needed[0] in AFTER_THE_START)


def around(experiment: Experiment, knob: str, count: int) -> Axis:
    """About `count` values around the present one, which is among them; no more than 3 digits each.

    A share goes from end to end, what counts something from small to twice as much (three times,
    where there is room), a number that may be negative as far to both sides, any other by equal
    factors to both sides.
    """
    now, declared = experiment.value(knob), KNOBS[knob]
    low = declared.low if declared.low is not None else -inf
    high = declared.high if declared.high is not None else inf
    above_zero = declared.above == 0 or low >= 0
    if KINDS[knob] is int:
        return _with(now, _whole_range(experiment, knob, now, count))
    log = False
    if low >= 0 and high <= 1:
        first, last = low, high
    elif not above_zero:
        wide = max(1.0, 2 * abs(now))
        first, last = max(low, now - wide), min(high, now + wide)
    elif now == 0:
        first, last = 0.0, 1.0
    else:
        factor = FACTORS.get(knob, TEN)
        first, last, log = now / factor, min(high, now * factor), True
    if not (isfinite(first) and isfinite(last) and first < last) or (log and first <= 0):
        return Axis(knob, (now,))
    values = read_axis(f"{knob}={first!r}:{last!r}:{count}{':log' if log else ''}", knob).values
    rounded = (min(max(_short(value), first), last) for value in values)
    return _with(now, Axis(knob, tuple(dict.fromkeys(rounded)), log))


def _whole_range(experiment: Experiment, knob: str, now: int, count: int) -> Axis:
    declared = KNOBS[knob]
    low, high = int(declared.low or 0), int(declared.high or 0)
    log = knob in FACTORS
    if knob == "seed":
        first, last = min(now, high - count), min(now, high - count) + count - 1
    elif log:
        first, last = round(now / FACTORS[knob]), round(now * FACTORS[knob])
    else:
        first, last = now // 10, max(2 * now, now + 4)
        # Where there is room for more values than these, the range goes on.
        last = max(last, min(first + count, WIDEST * now))
    # One layer alone has no slope, and equal factors begin above 0.
    first, last = max(low, first, 2 if knob == "depth" else int(log)), min(high, last)
    if first >= last:
        return Axis(knob, (now,))
    return read_axis(f"{knob}={first}:{last}:{count}{':log' if log else ''}", knob)


def _with(now: float, axis: Axis) -> Axis:
    """The axis with the value nearest to the present one replaced by that one."""
    if now in axis.values:
        return axis
    values = list(axis.values)
    nearest = min(range(len(values)), key=lambda index: abs(values[index] - now))
    values[nearest] = now
    return Axis(axis.knob, tuple(values), axis.log)


def _short(value: float) -> float:
    """A number with three digits, so that it can be said."""
    if value == 0 or not isfinite(value):
        return value
    return round(value, 2 - floor(log10(abs(value))))
