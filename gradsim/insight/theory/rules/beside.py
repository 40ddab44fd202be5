"""Units beside each other: concatenation, and units kept or filled up where widths differ."""

from dataclasses import replace

import numpy as np

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.rules import coherence
from gradsim.insight.theory.units import Gradient, Units, common


def concatenated(skip: Units, main: Units) -> Units:
    """y = [skip, main]."""
    one, other = _size(skip), _size(main)
    share = one / max(one + other, 1e-300)
    return Units(
        widths=(*skip.widths, *main.widths),
        mean=np.concatenate([skip.mean, main.mean]),
        moment=np.concatenate([skip.moment, main.moment]),
        normal=(*skip.normal, *main.normal),
        noise=share**2 * skip.noise + (1.0 - share) ** 2 * main.noise,
        swings=share * skip.swings + (1.0 - share) * main.swings,
        laws=_all_laws(skip) + _all_laws(main),
    )


def _all_laws(units: Units) -> tuple[Floats | None, ...]:
    return units.laws or (None,) * len(units.widths)


def parted(given: Gradient, skip: Units, main: Units, value: Units) -> tuple[Gradient, Gradient]:
    """(for main, for skip): each its own units."""
    given = given.cut(common(given.widths, (*skip.widths, *main.widths)))
    border = int(np.searchsorted(np.cumsum(given.widths), sum(skip.widths))) + 1
    before = float(given.norm2().sum())
    parts = []
    per_unit = before / sum(given.widths)
    for own, part in ((main, slice(border, None)), (skip, slice(border))):
        along = None if given.along is None else given.along[part]
        out = replace(
            given,
            widths=given.widths[part],
            moment=given.moment[part],
            along=along,
            profiles=given.profiles[part],
        )
        after = max(float(out.norm2().sum()), 1e-300)
        if out.coherent is not None:
            scale = (per_unit * sum(out.widths) / after) ** 0.5
            share = coherence.size(own) / max(coherence.size(value), 1e-150)
            out = replace(out, coherent=coherence.to_part(out.coherent, scale, 0.0, share))
        weight = _size(own) / max(_size(value), 1e-300)
        parts.append(replace(out, echo=given.echo * weight).normalized())
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
            laws=out.laws[:keep],
        )
    rows = taken.moment.shape[1]
    return replace(
        taken,
        widths=(*taken.widths, width - have),
        mean=np.concatenate([taken.mean, np.zeros((1, rows))]),
        moment=np.concatenate([taken.moment, np.zeros((1, rows, rows))]),
        normal=(*taken.normal, True),
        laws=(*_all_laws(taken), None),
    )


def unfitted(given: Gradient, taken: Units) -> Gradient:
    """The gradient of the units that both ends have; zero for the others."""
    have, width = sum(taken.widths), sum(given.widths)
    if width > have:
        out = given.cut(common(given.widths, (have, width - have)))
        keep = int(np.searchsorted(np.cumsum(out.widths), have)) + 1
        return replace(
            out, widths=out.widths[:keep], moment=out.moment[:keep], along=None, profiles=()
        )
    rows = given.moment.shape[1]
    return replace(
        given,
        widths=(*given.widths, have - width),
        moment=np.concatenate([given.moment, np.zeros((1, rows, rows))]),
        along=None,
        profiles=(),
    )


def _size(units: Units) -> float:
    return float(units.squares().sum()) * sum(units.widths)
