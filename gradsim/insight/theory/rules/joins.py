"""Joins of paths. The weights on the paths are drawn apart, so gradients add by their squares.

Source: Yang, Schoenholz 2017, theorems 2 and 4 (residual networks); each rule here is that of the
join's own formula.
"""

from dataclasses import replace
from math import sqrt

import numpy as np

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.rules import coherence
from gradsim.insight.theory.rules import law as laws
from gradsim.insight.theory.rules.law import Sum
from gradsim.insight.theory.scatter import agreement, concentration, over_batch
from gradsim.insight.theory.units import Gradient, Rows, Units, UntreatedError, common, swung

SURE = 0.05
"""Share of the squares of two gradients that must be left of their sum."""

Sums = tuple[Sum | None, ...]
"""What is known of a sum's distribution, by segment."""


def added(
    main: Units, skip: Units, a: float, b: float, source: int, with_law: bool
) -> tuple[Units, Sums]:
    """y = a * main + b * skip: E[y_i y_j] has the means' cross terms, besides both squares."""
    widths = common(main.widths, skip.widths)
    main, skip = main.cut(widths), skip.cut(widths)
    known: Sums = (None,) * len(widths)
    if with_law and not (all(main.normal) and all(skip.normal)):
        known = tuple(_sum(skip.values(s), main.values(s), a, b) for s in range(len(widths)))
    cross = np.einsum("si,sj->sij", main.mean, skip.mean)
    moment = a * a * main.moment + b * b * skip.moment
    moment = moment + a * b * (cross + np.swapaxes(cross, 1, 2))
    own, through = _parts(main, a), _parts(skip, b)
    whole = max(own + through, 1e-300)
    one, other = own / whole, through / whole
    value = Units(
        widths=widths,
        mean=a * main.mean + b * skip.mean,
        moment=moment,
        normal=tuple(m and k for m, k in zip(main.normal, skip.normal, strict=True)),
        noise=one**2 * main.noise + other**2 * skip.noise,
        swings=_swings(main, one, skip, other, source),
        laws=tuple(s.values if s else None for s in known),
    )
    return value, known


def _sum(x: Floats | None, f: Floats | None, a: float, b: float) -> Sum | None:
    if x is None or f is None:
        return None
    return laws.added(x, np.full(laws.NODES, b), a * laws.fewer(f, laws.NODES))


def mixed(main: Units, skip: Units, gate: Units, source: int, with_law: bool) -> tuple[Units, Sums]:
    """y = t * main + (1 - t) * skip, with t independent of both."""
    widths = common(main.widths, skip.widths)
    main, skip, gate = main.cut(widths), skip.cut(widths), gate.cut(widths)
    known: Sums = (None,) * len(widths)
    if with_law:
        known = tuple(
            _mix(skip.values(s), main.values(s), gate.values(s)) for s in range(len(widths))
        )
    t, tt = gate.mean, gate.moment
    open_shut = t[:, :, None] - tt
    shut = 1.0 - t[:, :, None] - t[:, None, :] + tt
    cross = np.einsum("si,sj->sij", main.mean, skip.mean)
    moment = tt * main.moment + shut * skip.moment
    moment = moment + open_shut * cross + np.swapaxes(open_shut * cross, 1, 2)
    own = float(np.einsum("sii->", tt * main.moment))
    through = float(np.einsum("sii->", shut * skip.moment))
    one, other = own / max(own + through, 1e-300), through / max(own + through, 1e-300)
    value = Units(
        widths=widths,
        mean=t * main.mean + (1.0 - t) * skip.mean,
        moment=moment,
        normal=(False,) * len(widths),
        noise=one**2 * main.noise + other**2 * skip.noise,
        swings=_swings(main, one, skip, other, source),
        laws=tuple(s.values if s else None for s in known),
    )
    return value, known


def _swings(main: Units, one: float, skip: Units, other: float, source: int) -> Floats:
    """With what sampling the units of the sum adds, unless it is Gaussian itself."""
    out = one * main.swings + other * skip.swings
    if all(main.normal) and all(skip.normal):
        return out
    own = 2.0 * one * one if all(main.normal) else 0.0
    return swung(out, source, (own + 4.0 * one * other) / sum(main.widths))


def _mix(x: Floats | None, f: Floats | None, t: Floats | None) -> Sum | None:
    if x is None or f is None or t is None:
        return None
    opened, main = np.repeat(laws.fewer(t, 8), 6), np.tile(laws.fewer(f, 6), 8)
    return laws.added(x, 1.0 - opened, opened * main)


def unmixed(
    given: Gradient,
    main: Units,
    skip: Units,
    gate: Units,
    value: Units,
    known: Sums,
    rows: Rows,
    index: int,
) -> tuple[Gradient, Gradient, Gradient]:
    """(t * g, (1 - t) * g, (main - skip) * g)."""
    widths = given.widths
    main, skip, gate = main.cut(widths), skip.cut(widths), gate.cut(widths)
    t, tt = gate.mean, gate.moment
    shut = 1.0 - t[:, :, None] - t[:, None, :] + tt
    cross = np.einsum("si,sj->sij", main.mean, skip.mean)
    apart = main.moment + skip.moment - cross - np.swapaxes(cross, 1, 2)
    own = np.einsum("sii->si", apart)
    np.maximum(own, 0.0, out=own)  # squares, but for rounding
    tau = float(t.mean())
    tau2 = max(float(np.einsum("sii->si", tt).mean()), tau * tau, 1e-300)
    back2 = max(1.0 - 2.0 * tau + tau2, 1e-300)
    opened = _gated(given, t, tt, rows, rows.source(index, 0))
    closed = _gated(given, 1.0 - t, shut, rows, rows.source(index, 1))
    return (
        _part(opened, main, skip, value, tau, 1.0 - tau, tau / tau2**0.5),
        _seen(
            _part(closed, skip, main, value, 1.0 - tau, tau, (1.0 - tau) / back2**0.5),
            given,
            skip,
            known,
        ),
        replace(times(given, apart), echo=0.0),
    )


def _gated(given: Gradient, mean: Floats, moment: Floats, rows: Rows, source: int) -> Gradient:
    """t * g, with the scatter of how open so many gates are; ln t counts as Gaussian.

    Then E[t_i^2 t_j^2] / (E[t_i^2] E[t_j^2]) = (E[t_i t_j] / (E[t_i] E[t_j]))^4.
    """
    size = np.maximum(mean, 1e-150)
    fourth = (moment / size[:, :, None] / size[:, None, :]) ** 4
    together, wander = concentration(given, rows), 0.0
    shares = np.array(given.widths, np.float64) / sum(given.widths)
    for share, width, own, squares in zip(shares, given.widths, given.moment, fourth, strict=True):
        agree = agreement(own, given.noise)
        whole, _ = over_batch((squares - 1.0) * (1.0 + 2.0 * agree), together, rows)
        wander += float(share) ** 2 * float(np.log1p(max(whole, 0.0) / width))
    out = times(given, moment)
    return replace(out, swings=swung(out.swings, source, wander))


def unadded(
    given: Gradient,
    main: Units,
    skip: Units,
    value: Units,
    a: float,
    b: float,
    known: Sums,
) -> tuple[Gradient, Gradient]:
    """(a * g, b * g)."""
    return (
        _part(times(given, a * a), main, skip, value, a, b, 1.0 if a > 0.0 else -1.0),
        _seen(
            _part(times(given, b * b), skip, main, value, b, a, 1.0 if b > 0.0 else -1.0),
            given,
            skip,
            known,
        ),
    )


def _seen(out: Gradient, given: Gradient, skip: Units, known: Sums) -> Gradient:
    """With how the gradient on the skip depends on what went in there."""
    if not given.profiles or len(given.widths) != len(known) or not skip.laws:
        return out
    pairs = zip(known, given.profiles, strict=True)
    seen = tuple(s.seen(f) if s and f is not None else None for s, f in pairs)
    return replace(out, profiles=seen)


def _part(
    out: Gradient, own: Units, other: Units, value: Units, a: float, b: float, sign: float
) -> Gradient:
    """With the coherent part as the gradient of one of two terms of y = a * own + b * other.

    The echo is weaker by the share that the term has in y.
    """
    whole = max(coherence.size(value), 1e-150)
    share = a * coherence.size(own) / whole
    out = replace(out, echo=out.echo * min(share * share, 1.0))
    if out.coherent is None:
        return out
    k = coherence.to_part(out.coherent, sign, b * coherence.height(other) / whole, share)
    return replace(out, coherent=k)


def times(given: Gradient, factor: object) -> Gradient:
    """A gradient times something random for each unit and row, with this product of two rows."""
    moment = given.moment * np.asarray(factor)
    return replace(given, moment=moment, tilt=1.0, along=None, profiles=()).normalized()


def joined(one: Gradient, other: Gradient, value: Units, rows: Rows, index: int) -> Gradient:
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
    coherent, factor = None, 1.0
    if one.coherent is not None and other.coherent is not None:
        r = coherence.lean(value)
        cross = (a * b) ** 0.5 * coherence.crossing(one.coherent, other.coherent, r)
        factor = 1.0 + 2.0 * cross
        if not factor > SURE:
            raise UntreatedError(
                "the gradients of two paths nearly cancel, and what is left of them is not known"
            )
        coherent = (a**0.5 * one.coherent + b**0.5 * other.coherent) / factor**0.5
        coherent = coherence.held(coherent, r)
    lone = a * a * one.lone + b * b * other.lone
    own = _weighed(one.own, a, other.own, b)
    both = Gradient(widths, log, first + second, one.swings, lone=lone, own=own)
    squared = agreement(
        np.einsum("s,sij->ij", units / units.sum(), both.moment), max(one.noise, other.noise)
    )
    agree, _ = over_batch(squared, concentration(both, rows), rows)
    crossing = 4.0 * a * b * agree / float(units.sum())
    return Gradient(
        widths=widths,
        log=log,
        moment=(first + second) * factor,
        coherent=coherent,
        profiles=_both(one, a, other, b) if value.laws else (),
        swings=swung(a * one.swings + b * other.swings, rows.source(index, 2), crossing),
        lone=lone,
        own=own,
        open=_left(one.open, a, other.open, b),
        noise=a * a * one.noise + b * b * other.noise,
        echo=a * one.echo + b * other.echo,
        last=one.last if one.echo >= other.echo else other.last,
    ).normalized()


def _left(one: float, a: float, other: float, b: float) -> float:
    """What two gradients with these shares leave open: what one has more may be in phase."""
    more = one - other
    return min(one, other) + abs(more) * sqrt(a if more > 0.0 else b)


def _weighed(one: Floats | None, a: float, other: Floats | None, b: float) -> Floats | None:
    if one is None or other is None:
        return a * one if one is not None else b * other if other is not None else None
    return np.asarray(a * one + b * other)


def _both(one: Gradient, a: float, other: Gradient, b: float) -> tuple[Floats | None, ...]:
    """The profiles of a sum of two gradients of the same segments with these shares."""
    if not one.profiles and not other.profiles:
        return ()
    flat = np.ones(laws.COUNT)

    def of(given: Gradient, s: int) -> Floats:
        profile = given.profile(s)
        return flat if profile is None else profile

    return tuple(laws.leveled(a * of(one, s) + b * of(other, s)) for s in range(len(one.widths)))


def _parts(units: Units, factor: float) -> float:
    return factor * factor * float(units.squares().sum())
