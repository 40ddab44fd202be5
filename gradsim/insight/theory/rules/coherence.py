"""The part of a gradient that agrees from unit to unit: where mean field alone falls short.

Mean field takes the gradient as independent of the weights it passes, and of the sign of its units.
Of N units a share of about 1 / N in the squared norm lies along (1, ..., 1) and along the value x
itself, and that share does not scatter: W^T d keeps the part of d along z = W x, as a part along x
(given z, a row of W is z_u x / |x|^2 and something random across). Without skips it stays small.
With skips around activations of one sign (relu) it comes back in phase on both paths and grows by
a constant factor with each block: a deep or narrow network explodes sooner than in mean field.

A gradient is sqrt(v) (k_1 + k_2 x / sqrt(p)) and a rest, v and p being the mean squares over the
units of gradient and value. The k are random over the draw of the weights; kept are their
coefficients on independent sources, two for each op: (2, sources), so that two paths from one
source add with their signs. All rules here follow from that one line for W and from the ops' own
formulas; they are exact to first order in 1 / N.
"""

from statistics import NormalDist

import numpy as np

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.units import Units

MOST = 0.9
"""Share of a squared gradient that may be coherent."""


def lean(units: Units) -> float:
    """m / sqrt(p), the mean over the units against the root mean square, averaged over the rows."""
    mean = units.shares @ units.mean
    return float(np.mean(mean / np.sqrt(np.maximum(units.squares(), 1e-300))))


def size(units: Units) -> float:
    """sqrt(p), averaged over the rows."""
    return float(np.mean(np.sqrt(np.maximum(units.squares(), 1e-300))))


def height(units: Units) -> float:
    """m, averaged over the rows."""
    return float(np.mean(units.shares @ units.mean))


def gram(r: float) -> Floats:
    """Products of 1 and x / sqrt(p), averaged over the units."""
    r = float(np.clip(r, -0.999, 0.999))
    return np.array([[1.0, r], [r, 1.0]])


def begun(count: int, sources: int, square: float, classes: bool) -> Floats:
    """The gradient at so many outputs z, of this mean square, while they say nothing of the target.

    What agrees with 1 does so by chance. What agrees with z does so where z is large: for numbers
    the gradient is z - y, and so mostly z; for classes softmax(z) - y is then 1 at the largest z
    and -1 at one of the others, and E[(z_max - z_y)^2] / (2 E[z^2]) is more than 1.
    """
    k = np.zeros((2, sources))
    k[0, 0] = count**-0.5
    bold = square / (square + 1.0)
    most = _largest_less_other(count) if classes else float(count)
    k[1, 1] = ((1.0 + (most - 1.0) * bold) / count) ** 0.5
    return k


def _largest_less_other(count: int) -> float:
    """E[(z_max - z_y)^2] / E[|e|^2] of so many standard normals, e being 1 and -1 at these two."""
    inverse = NormalDist().inv_cdf
    second = sum(inverse(((i + 0.5) / 64) ** (1.0 / count)) ** 2 for i in range(64)) / 64
    if count < 2:
        return 1.0
    # The largest has the covariance 1 / count with each.
    return max((second + 1.0 - 2.0 / count) / (2.0 * (1.0 - 1.0 / count)), 1.0)


def through_weights(
    k: Floats, share: float, fan_out: int, fan_in: int, r: float, index: int
) -> Floats:
    """g = W^T d; `share` of the variance of z comes from x."""
    out = np.zeros_like(k)
    out[1] = k[1] * np.sqrt(share * fan_out / fan_in)
    r = float(np.clip(r, -0.999, 0.999))
    across = (fan_in * (1.0 - r * r)) ** -0.5
    out[0, 2 * index] = across
    out[1, 2 * index] = -r * across
    return out


def held(k: Floats, r: float) -> Floats:
    """No more than all: rounding and approximations must not make a part larger than the whole."""
    share = crossing(k, k, r)
    return k * (MOST / share) ** 0.5 if share > MOST else k


def through_slopes(
    k: Floats, turn: Floats, base: Floats, r: float, units: int, index: int
) -> Floats:
    """g = d phi'(z): `turn` (2, 2) is what becomes of k, `base` what a rest brings by chance."""
    out = turn @ k
    carried = turn @ np.linalg.inv(gram(r)) @ turn.T
    size_, way = np.linalg.eigh((base - carried) / units)
    out[:, 2 * index : 2 * index + 2] = way * np.sqrt(np.maximum(size_, 0.0))
    return out


def to_part(k: Floats, sign: float, other: float, own: float) -> Floats:
    """The gradient of one of two terms: y / sqrt(p_y) = own x / sqrt(p_x) + the other's mean."""
    return sign * np.array([k[0] + other * k[1], own * k[1]])


def crossing(one: Floats, other: Floats, r: float) -> float:
    """The mean product of the coherent parts of two gradients of one value, over sqrt(v v')."""
    return float(np.einsum("as,ab,bs->", one, gram(r), other))


def agreeing(k: Floats, r: float, units: int) -> float:
    """The share of the squared norm that is coherent, beyond what chance makes of it."""
    return max(crossing(k, k, r) - 2.0 / units, 0.0)
