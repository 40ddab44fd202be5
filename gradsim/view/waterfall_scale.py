"""The scale of a waterfall: from a size to a sign and a role; it reads without color too."""

from dataclasses import dataclass
from math import floor, log10

import numpy as np
import numpy.typing as npt

from gradsim.numbers import number
from gradsim.view.lines import Run, joined, length

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

SIGNS = ".:-=+x*%#@"
"""Levels from the smallest up."""

ROLES = tuple(f"map-level-{level}" for level in range(len(SIGNS)))

SUBNORMAL, ZERO, INFINITE, NOT_A_NUMBER, UNKNOWN, NOTHING = range(len(SIGNS), len(SIGNS) + 6)

ODD: dict[int, tuple[str, str, str]] = {
    ZERO: ("0", "map-dead", "zero"),
    SUBNORMAL: ("~", "map-nothing-mark", "subnormal"),
    INFINITE: ("∞", "map-odd", "infinity"),
    NOT_A_NUMBER: ("?", "map-odd", "NaN"),
    UNKNOWN: ("/", "map-nothing", "not kept"),
    NOTHING: (" ", "", ""),
}
"""What is no size: its sign, its role, its name."""

SIGN_OF = np.array([*SIGNS, *(ODD[code][0] for code in sorted(ODD))])
ROLE_OF = (*ROLES, *(ODD[code][1] for code in sorted(ODD)))

SMALLEST = log10(5e-324)
"""No number is below this power of 10."""

WIDTHS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0)
"""Decades that a level can have."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A level for each sign, all of as many decades; the outermost take in what lies beyond."""

    lowest: float
    """Where the lowest level begins, as a power of 10."""
    each: float
    """Decades of a level."""

    @classmethod
    def around(cls, low: float, high: float) -> "Scale":
        """The finest scale that holds these sizes, both finite and above 0, in its middle.

        So that sizes near each other look alike, whatever they are.
        """
        least, most = log10(low), log10(high)
        each = next(e for e in WIDTHS if floor(most / e) - floor(least / e) < len(SIGNS))
        first = floor(least / each)
        spare = len(SIGNS) - (floor(most / each) + 1 - first)
        return cls(max(first - spare // 2, floor(SMALLEST / each)) * each, each)

    @property
    def bounds(self) -> Numbers:
        """Between the levels, as powers of 10: one less than there are levels."""
        return np.asarray(self.lowest + self.each * np.arange(1, len(SIGNS)), np.float64)

    def holds(self, sizes: Numbers) -> bool:
        """Whether no size lies beyond its ends."""
        known = _measurable(sizes, 0.0)
        powers = np.log10(sizes[known])
        end = self.lowest + self.each * len(SIGNS)
        return bool(np.all((powers >= self.lowest - 1e-9) & (powers <= end + 1e-9)))


def codes(low: Numbers, high: Numbers, largest: bool, scale: Scale, tiny: float) -> Codes:
    """The code of each cell, an index of `SIGN_OF` and `ROLE_OF`: of its largest size or smallest.

    NaN and infinity in a cell come before all else. `tiny` is the smallest normal number.
    """
    sizes = high if largest else low
    out: Codes = np.full(sizes.shape, UNKNOWN, np.intp)
    known = _measurable(sizes, 0.0)
    out[known] = np.digitize(np.log10(sizes[known]), scale.bounds)
    out[known & (sizes < tiny)] = SUBNORMAL
    out[sizes == 0.0] = ZERO
    out[np.isposinf(high)] = INFINITE
    out[np.isnan(high)] = NOT_A_NUMBER
    return out


def following(low: Numbers, high: Numbers, tiny: float, before: Scale | None) -> Scale | None:
    """The scale of what is seen, that before as long as it serves; None without any size."""
    sizes = np.concatenate([part[_measurable(part, tiny)] for part in (low, high)])
    if not sizes.size:
        return None
    found = Scale.around(float(sizes.min()), float(sizes.max()))
    return before if before and before.each == found.each and before.holds(sizes) else found


def _measurable(sizes: Numbers, tiny: float) -> npt.NDArray[np.bool_]:
    return np.isfinite(sizes) & (sizes > 0.0) & (sizes >= tiny)


def legend(scale: Scale | None, seen: frozenset[int], width: int) -> list[Run]:
    """The signs with the numbers between them, as many as find room, and what is no size."""
    odd = [
        [(sign, role), (f" {name}", "label")]
        for code, (sign, role, name) in ODD.items()
        if code in seen and name
    ]
    if scale is None:
        return list(joined(odd))
    for every in (1, 2, 3, 5, len(SIGNS)):
        line = list(joined([_bar(scale, every), *odd], "  "))
        if length(line) <= width:
            break
    return line


def _bar(scale: Scale, every: int) -> list[Run]:
    """`1e-9 . 1e-8 : 1e-7`: numbers at both ends, and at every so many bounds between."""
    runs: list[Run] = []
    for k, sign in enumerate(SIGNS):
        if k % every == 0:
            runs.append((f"{' ' if runs else ''}{power(scale.lowest + k * scale.each)} ", "axis"))
        runs.append((sign, ROLES[k]))
    end = power(scale.lowest + len(SIGNS) * scale.each)
    unit = "decade" if scale.each == 1.0 else "decades"
    return [*runs, (f" {end}", "axis"), (f"  {scale.each:g} {unit} a sign", "label")]


def power(exponent: float) -> str:
    """10 to this power as it is shown: `1e-8`, `0.01`, `3.2e-5`."""
    if exponent == round(exponent) and not -2 <= exponent <= 2:
        return f"1e{exponent:.0f}"
    if abs(exponent) > 300:
        return f"1e{exponent:.1f}"
    return number(float(f"{10.0**exponent:.2g}"))
