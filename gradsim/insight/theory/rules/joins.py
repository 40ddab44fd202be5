"""Joins of paths. The weights on the paths are drawn apart, so gradients add by their squares.

Source: Yang, Schoenholz 2017, theorems 2 and 4 (residual networks); each rule here is that of the
join's own formula.
"""

from dataclasses import replace

import numpy as np

from gradsim.insight.theory.scatter import spread_of_sum
from gradsim.insight.theory.units import Gradient, Rows, Units, common


def added(main: Units, skip: Units, a: float, b: float) -> Units:
    """y = a * main + b * skip: E[y_i y_j] has the means' cross terms, besides both squares."""
    widths = common(main.widths, skip.widths)
    main, skip = main.cut(widths), skip.cut(widths)
    cross = np.einsum("si,sj->sij", main.mean, skip.mean)
    moment = a * a * main.moment + b * b * skip.moment
    moment = moment + a * b * (cross + np.swapaxes(cross, 1, 2))
    own, through = _parts(main, a), _parts(skip, b)
    whole = max(own + through, 1e-300)
    one, other = own / whole, through / whole
    return Units(
        widths=widths,
        mean=a * main.mean + b * skip.mean,
        moment=moment,
        normal=tuple(m and k for m, k in zip(main.normal, skip.normal, strict=True)),
        noise=one**2 * main.noise + other**2 * skip.noise,
        wander=_joined(one, main.wander, other, skip.wander),
    )


def mixed(main: Units, skip: Units, gate: Units) -> Units:
    """y = t * main + (1 - t) * skip, with t independent of both."""
    widths = common(main.widths, skip.widths)
    main, skip, gate = main.cut(widths), skip.cut(widths), gate.cut(widths)
    t, tt = gate.mean, gate.moment
    open_shut = t[:, :, None] - tt
    shut = 1.0 - t[:, :, None] - t[:, None, :] + tt
    cross = np.einsum("si,sj->sij", main.mean, skip.mean)
    moment = tt * main.moment + shut * skip.moment
    moment = moment + open_shut * cross + np.swapaxes(open_shut * cross, 1, 2)
    own = float(np.einsum("sii->", tt * main.moment))
    through = float(np.einsum("sii->", shut * skip.moment))
    one, other = own / max(own + through, 1e-300), through / max(own + through, 1e-300)
    return Units(
        widths=widths,
        mean=t * main.mean + (1.0 - t) * skip.mean,
        moment=moment,
        normal=(False,) * len(widths),
        noise=one**2 * main.noise + other**2 * skip.noise,
        wander=_joined(one, main.wander, other, skip.wander),
    )


def unmixed(
    given: Gradient, main: Units, skip: Units, gate: Units
) -> tuple[Gradient, Gradient, Gradient]:
    """(t * g, (1 - t) * g, (main - skip) * g)."""
    widths = given.widths
    main, skip, gate = main.cut(widths), skip.cut(widths), gate.cut(widths)
    t, tt = gate.mean, gate.moment
    shut = 1.0 - t[:, :, None] - t[:, None, :] + tt
    cross = np.einsum("si,sj->sij", main.mean, skip.mean)
    apart = main.moment + skip.moment - cross - np.swapaxes(cross, 1, 2)
    return times(given, tt), times(given, shut), times(given, apart)


def times(given: Gradient, factor: object) -> Gradient:
    """A gradient times something random for each unit and row, with this product of two rows."""
    moment = given.moment * np.asarray(factor)
    before, after = float(np.einsum("sii->", given.moment)), float(np.einsum("sii->", moment))
    ratio = max(after, 1e-300) / max(before, 1e-300)
    out = replace(given, moment=moment, tilt=1.0, along=None, echo=given.echo / ratio)
    return out.normalized()


def beside(skip: Units, main: Units) -> Units:
    """y = [skip, main]."""
    one, other = _size(skip), _size(main)
    share = one / max(one + other, 1e-300)
    return Units(
        widths=(*skip.widths, *main.widths),
        mean=np.concatenate([skip.mean, main.mean]),
        moment=np.concatenate([skip.moment, main.moment]),
        normal=(*skip.normal, *main.normal),
        noise=share**2 * skip.noise + (1.0 - share) ** 2 * main.noise,
        wander=_joined(share, skip.wander, 1.0 - share, main.wander),
    )


def parted(given: Gradient, skip: Units, main: Units) -> tuple[Gradient, Gradient]:
    """(for main, for skip): each its own units."""
    given = given.cut(common(given.widths, (*skip.widths, *main.widths)))
    border = int(np.searchsorted(np.cumsum(given.widths), sum(skip.widths))) + 1
    before = float(given.norm2().sum())
    parts = []
    for part in (slice(border, None), slice(border)):
        along = None if given.along is None else given.along[part]
        out = replace(given, widths=given.widths[part], moment=given.moment[part], along=along)
        ratio = max(float(out.norm2().sum()), 1e-300) / max(before, 1e-300)
        parts.append(replace(out, echo=given.echo / ratio).normalized())
    return parts[0], parts[1]


def fitted(taken: Units, width: int) -> Units:
    """The first `width` units; zeros beyond those there are."""
    have = sum(taken.widths)
    if have > width:
        out = taken.cut(common(taken.widths, (width, have - width)))
        keep = int(np.searchsorted(np.cumsum(out.widths), width)) + 1
        return replace(
            out,
            widths=out.widths[:keep],
            mean=out.mean[:keep],
            moment=out.moment[:keep],
            normal=out.normal[:keep],
        )
    rows = taken.moment.shape[1]
    return replace(
        taken,
        widths=(*taken.widths, width - have),
        mean=np.concatenate([taken.mean, np.zeros((1, rows))]),
        moment=np.concatenate([taken.moment, np.zeros((1, rows, rows))]),
        normal=(*taken.normal, True),
    )


def unfitted(given: Gradient, taken: Units) -> Gradient:
    """The gradient of the units that both ends have; zero for the others."""
    have, width = sum(taken.widths), sum(given.widths)
    if width > have:
        out = given.cut(common(given.widths, (have, width - have)))
        keep = int(np.searchsorted(np.cumsum(out.widths), have)) + 1
        return replace(out, widths=out.widths[:keep], moment=out.moment[:keep], along=None)
    rows = given.moment.shape[1]
    return replace(
        given,
        widths=(*given.widths, have - width),
        moment=np.concatenate([given.moment, np.zeros((1, rows, rows))]),
        along=None,
    )


def joined(one: Gradient, other: Gradient, rows: Rows) -> Gradient:
    """The gradient of a value that two ops read: squares add, and what crosses only scatters."""
    widths = common(one.widths, other.widths)
    one, other = one.cut(widths), other.cut(widths)
    log = max(one.log, other.log)
    first = one.moment * np.exp(one.log - log)
    second = other.moment * np.exp(other.log - log)
    units = np.array(widths, np.float64)
    a = float(np.einsum("s,sii->", units, first))
    b = float(np.einsum("s,sii->", units, second))
    whole = max(a + b, 1e-300)
    a, b = a / whole, b / whole
    agree = spread_of_sum(
        np.einsum("s,sij->ij", units, first + second), rows, max(one.noise, other.noise)
    )
    crossing = 4.0 * a * b * agree / float(units.sum())
    return Gradient(
        widths=widths,
        log=log,
        moment=first + second,
        wander=_joined(a, one.wander, b, other.wander) + crossing,
        noise=a * a * one.noise + b * b * other.noise,
        echo=a * one.echo + b * other.echo,
    ).normalized()


def _joined(a: float, one: float, b: float, other: float) -> float:
    """Variance of ln(A + B) from those of ln A and ln B, which share the smaller one."""
    shared = min(one, other)
    return shared + a * a * (one - shared) + b * b * (other - shared)


def _parts(units: Units, factor: float) -> float:
    return factor * factor * float(units.squares().sum())


def _size(units: Units) -> float:
    return float(units.squares().sum()) * sum(units.widths)
