"""Normalizations of each row: layer, group and root-mean-square normalization.

With n units a row's statistics are sums of n terms: x_hat = x / sigma, and back the gradient loses
its part along 1 and along x_hat, one n-th each, and is divided by s, which scatters.
"""

from dataclasses import dataclass, replace

import numpy as np

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.scatter import agreement, concentration, over_batch
from gradsim.insight.theory.units import Gradient, Rows, Units, UntreatedError, common, swung

SMALLEST = 8
"""Units in a group below which 1 / s^2 has no variance to speak of, and so no typical value."""


@dataclass(frozen=True, slots=True)
class RowScales:
    """What was divided by."""

    widths: tuple[int, ...]
    """The segments, cut at the borders of the groups."""
    deviations: Floats
    """sqrt(var + eps): (segments, rows)."""
    size: int
    """Units in a group."""
    centers: bool
    groups: int
    fixed: float


def forward(
    taken: Units, groups: int, centers: bool, eps: float, name: str, layer: object
) -> tuple[Units, RowScales]:
    """x_hat = (x - mean) / sqrt(var + eps), group by group of the units of a row."""
    width = sum(taken.widths)
    size = width // groups
    if size < SMALLEST:
        raise UntreatedError(
            f"{name} normalization of layer {layer} has {size} units in a group; "
            f"theory needs {SMALLEST}"
        )
    units = taken.cut(common(taken.widths, (size,) * groups)) if groups > 1 else taken
    home = (np.cumsum(units.widths) - 1) // size
    share = np.array(units.widths, np.float64) / size
    square = np.einsum("srr->sr", units.moment)
    center, second = np.zeros((groups, square.shape[1])), np.zeros((groups, square.shape[1]))
    np.add.at(second, home, share[:, None] * square)
    if centers:
        np.add.at(center, home, share[:, None] * units.mean)
    deviation = np.sqrt(np.maximum(second - center**2, 0.0) + eps)[home]
    middle = center[home]
    mean = units.mean - middle
    moment = (
        units.moment
        - np.einsum("si,sj->sij", units.mean, middle)
        - np.einsum("si,sj->sij", middle, units.mean)
        + np.einsum("si,sj->sij", middle, middle)
    )
    moment = moment / deviation[:, :, None] / deviation[:, None, :]
    mean = mean / deviation
    alike = len(taken.widths) == 1
    return (
        Units(
            widths=taken.widths if alike else units.widths,
            mean=mean[:1] if alike else mean,
            moment=moment[:1] if alike else moment,
            normal=taken.normal if alike else units.normal,
            noise=taken.noise,
            swings=np.zeros_like(taken.swings),
            fixed=1.0,
            laws=(taken if alike else units).laws,
            excess=-6.0 / (size + (1 if centers else 2)) if all(taken.normal) and alike else 0.0,
        ),
        RowScales(
            taken.widths if alike else units.widths,
            deviation[:1] if alike else deviation,
            size,
            centers,
            groups,
            taken.fixed,
        ),
    )


def backward(given: Gradient, scales: RowScales, taken: Units, rows: Rows, index: int) -> Gradient:
    """g = (d - mean d - x_hat mean(d x_hat)) / sqrt(var + eps).

    What the draw has made of var comes back as its inverse, as far as the rows share it.
    """
    given = given.cut(common(given.widths, scales.widths))
    d = scales.deviations
    if len(given.widths) != len(d):
        d = np.repeat(d, len(given.widths), axis=0)
    n = float(scales.size)
    lost = min((given.tilt + (1.0 if scales.centers else 0.0)) / n, 0.9)
    degrees = n - 1.0 if scales.centers else n
    if scales.groups > 1 and degrees > 2.0:
        scatter = np.log(n / (degrees - 2.0))
    else:
        scatter = (n - degrees) / n + (1.0 - scales.fixed) / n
    own = 2.0 * (1.0 - scales.fixed) / n
    agree, _ = over_batch(agreement(taken.whole(), taken.noise), concentration(given, rows), rows)
    given = given.following(-taken.swings, agree**0.5, rows)
    out = Gradient(
        widths=given.widths,
        log=given.log + float(np.log1p(-lost)) + float(scatter),
        moment=given.moment / d[:, :, None] / d[:, None, :],
        swings=swung(given.swings, rows.source(index, 1), own * agree),
        noise=given.noise,
        lone=given.lone,
        own=given.own,
        open=given.open,
        profiles=given.profiles,
    )
    out = replace(
        out,
        echo=given.echo,
        last=given.last,
        coherent=None if given.coherent is None else np.zeros_like(given.coherent),
    )
    return out.shaped(taken.widths).normalized()
