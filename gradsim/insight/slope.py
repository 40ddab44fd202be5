"""What a gradient says of one weight, held against the loss: nudges, differences, the curve.

Everything here comes from forward passes of a probe, in slices.
"""

from dataclasses import dataclass, replace
from math import inf, isfinite, isnan, log10, nan, sqrt

import numpy as np

from gradsim.insight.weight import Probe, Slices, Weight

NOISE = 4.0
"""By how many units in its last digit a loss may be off by rounding; 1 to 2 were measured."""

STEPS = tuple(10.0**-k for k in range(16))
"""Steps for differences, as shares of a large change of the weight; few of them are tried."""

WIDEN, WIDEST, NARROWEST = sqrt(10.0), 100.0, 1e-12
"""The curve is made wider by this factor, up to so many large changes to each side; or narrower."""

BENT = 0.3
"""The curve is wide enough where it has left the tangent by this share of the tangent's rise."""

POINTS = 61
"""Points of the curve; an odd number, so that the weight itself is one of them."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """A weight made larger or smaller, for a moment: what its gradient foretells, and what is."""

    moved: float
    """By how much: as asked, rounded to the number format of the network."""
    predicted: float
    """Gradient times that."""
    real: float
    """By how much the loss has changed."""
    loss: float
    """The loss with the nudged weight."""
    resolution: float
    """The smallest change that the number format can show in this loss."""

    @property
    def error(self) -> float:
        """|predicted - real| / |real|; infinite where only the real change is zero."""
        if self.predicted == self.real:
            return 0.0
        return abs(self.predicted - self.real) / abs(self.real) if self.real else inf

    @property
    def flat(self) -> bool:
        """Whether what is foretold is too small to show in the loss, and nothing else shows."""
        return abs(self.predicted) < self.resolution and abs(self.real) <= NOISE * self.resolution

    @property
    def rounded(self) -> bool:
        """Whether what is foretold and what is differ by no more than rounding may do."""
        return abs(self.predicted - self.real) <= NOISE * self.resolution


@dataclass(frozen=True, slots=True)
class Differences:
    """The slope of the loss without backpropagation: from the loss at both sides, in float64."""

    step: float
    """How far to each side."""
    central: float
    """(L(w + step) - L(w - step)) / 2 step."""
    left: float
    """(L(w) - L(w - step)) / step."""
    right: float
    """(L(w + step) - L(w)) / step."""
    noise: float
    """By how much rounding alone may move `central`."""
    kink: bool
    """Whether the slopes at both sides differ by more than bending and rounding explain."""

    def digits(self, gradient: float) -> float:
        """How many decimal digits of `central` and a gradient agree; NaN without numbers."""
        off = abs(self.central - gradient)
        if not isfinite(off):
            return nan
        return max(0.0, -log10(off / max(abs(self.central), abs(gradient)))) if off else 16.0


def nudging(probe: Probe, weight: Weight, nudge: float) -> Slices[Nudge]:
    """What the loss really does when the weight is moved by `nudge`, in the network's format."""
    value = probe.value(weight)
    kind = np.float32 if probe.experiment.dtype == "float32" else np.float64
    with np.errstate(over="ignore"):
        moved = float(kind(value + nudge)) - value
    loss = probe.loss if moved == 0.0 else (yield from probe.loss_at(weight, value + moved))
    predicted = probe.gradient(weight) * moved if moved else 0.0
    return Nudge(moved, predicted, loss - probe.loss, loss, resolution(probe))


def resolution(probe: Probe) -> float:
    """The smallest change that the network's number format can show in the loss; NaN without."""
    kind = np.float32 if probe.experiment.dtype == "float32" else np.float64
    return float(np.spacing(kind(abs(probe.loss)))) if isfinite(probe.loss) else nan


def differencing(probe: Probe, weight: Weight) -> Slices[Differences]:
    """The slope by differences, with the step that serves best among STEPS.

    A large step sees the bend of the curve, a small one only rounding: that one is taken where
    the change from the next larger step and the rounding together are the least.
    """
    value, scale = probe.value(weight), probe.scale(weight)
    here = yield from probe.precise_loss_at(weight, value)
    noise = NOISE * float(np.spacing(abs(here))) if isfinite(here) else nan
    found: list[Differences] = []
    best, at = inf, 0
    for step in (share * scale for share in STEPS):
        above, below = value + step, value - step
        if not below < value < above or noise / (above - below) > best:
            break  # from here on rounding alone is worse than what was found
        after = yield from probe.precise_loss_at(weight, above)
        before = yield from probe.precise_loss_at(weight, below)
        one = Differences(
            step=step,
            central=(after - before) / (above - below),
            left=(here - before) / (value - below),
            right=(after - here) / (above - value),
            noise=noise / (above - below),
            kink=False,
        )
        if found and (off := abs(one.central - found[-1].central) / 10.0 + one.noise) < best:
            best, at = off, len(found)
        found.append(one)
    if not at:
        return found[-1] if found else Differences(nan, nan, nan, nan, nan, kink=False)
    return replace(found[at], kink=_kink(found[at - 1], found[at]))


def _kink(wider: Differences, one: Differences) -> bool:
    gap, before = abs(one.right - one.left), abs(wider.right - wider.left)
    # Where the curve bends, the gap goes down with the step; at a kink it stays.
    return gap > max(0.5 * before, 20.0 * one.noise, 1e-6 * max(abs(one.left), abs(one.right)))


def fitting(probe: Probe, weight: Weight) -> Slices[float]:
    """How far to each side the curve is worth a look: to where it has visibly left its tangent."""
    scale = probe.scale(weight)
    if not isfinite(probe.loss):
        return scale
    width = scale
    while (bend := (yield from _bend(probe, weight, width))) > BENT and width > NARROWEST * scale:
        width /= WIDEN
    if width < scale:
        # One step too far. Where it is never straight there is a kink: as good as any width.
        return width * WIDEN if bend <= BENT else scale
    while width < WIDEST * scale and not bend > BENT:
        width *= WIDEN
        bend = yield from _bend(probe, weight, width)
    return width if bend > BENT else scale


def _bend(probe: Probe, weight: Weight, width: float) -> Slices[float]:
    """How far the curve has left its tangent by then, as a share of the rise, on either side.

    NaN where rounding hides it; infinite where there is no number.
    """
    value, gradient = probe.value(weight), probe.gradient(weight)
    bends = []
    for moved in (-width, width):
        change = (yield from probe.loss_at(weight, value + moved)) - probe.loss
        rise = gradient * moved
        size = max(abs(rise), abs(change))
        if not isfinite(size):
            return inf
        hidden = size <= 100.0 * NOISE * resolution(probe)
        bends.append(nan if hidden else abs(change - rise) / size)
    return max((bend for bend in bends if not isnan(bend)), default=nan)


def outward(value: float, half_width: float, points: int = POINTS) -> list[float]:
    """Where the curve is asked: the present value, then evenly from there to both sides."""
    steps = range(1, points // 2 + 1)
    return [
        value,
        *(value + way * half_width * k / (points // 2) for k in steps for way in (1.0, -1.0)),
    ]


def curve(
    probe: Probe, weight: Weight, half_width: float, points: int = POINTS
) -> Slices[list[tuple[float, float]]]:
    """The curve by ascending value of the weight: (value, loss)."""
    found = []
    for value in outward(probe.value(weight), half_width, points):
        found.append((value, (yield from probe.loss_at(weight, value))))
    return sorted(found)
