"""Numbers as they are shown: scientific where small or large, and NaN, infinity, zero by name."""

from collections.abc import Sequence
from math import floor, isfinite, isnan, log10


def number(value: float | None) -> str:
    """`3.1e-13`, `2.31`, `0`, `NaN`, `∞`; a dash where there is none."""
    if value is None:
        return "–"
    if isnan(value):
        return "NaN"
    if not isfinite(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if 0.01 <= abs(value) < 1000:
        return f"{value:.3g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def exact(value: float) -> str:
    """A number to six digits, for a cursor: `3.14159e-13`, `0.147857`; NaN, `∞` and `0`."""
    if not isfinite(value) or value == 0:
        return number(value)
    if 0.01 <= abs(value) < 1e6:
        return f"{value:.6g}"
    mantissa, exponent = f"{value:.5e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def share(value: float | None, digits: int = 1) -> str:
    """A share as percent: `10.6 %`."""
    return "–" if value is None or isnan(value) else f"{100 * value:.{digits}f} %"


def decades(before: float, after: float) -> str:
    """The change from one size to another: `+9.6 decades`; nothing where there is none."""
    if before > 0 and after > 0 and isfinite(before) and isfinite(after):
        return f"{log10(after) - log10(before):+.1f} decades"
    return ""


def shared_out(total: float, parts: Sequence[float], digits: int = 2) -> list[float]:
    """The parts rounded so that they add up to the rounded total (largest remainder method).

    Where the total is not their sum, or one is not finite, each is rounded by itself.
    """
    unit = 10.0**digits
    known = isfinite(total) and all(map(isfinite, parts))
    if not known or abs(sum(parts) - total) > 0.5 / unit:
        return [round(part, digits) for part in parts]
    cells = [floor(part * unit) for part in parts]
    left = round(total * unit) - sum(cells)
    largest = sorted(range(len(parts)), key=lambda k: cells[k] - parts[k] * unit)
    for k in largest[:left]:
        cells[k] += 1
    return [cell / unit for cell in cells]


def counted(count: int, noun: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign: `+0.4`, `-3.1`; a zero has no minus."""
    text = f"{value:+.{digits}f}"
    return text.replace("-", "+") if text.strip("-0.") == "" else text
