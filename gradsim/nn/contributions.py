"""How much single time steps add to the gradient of the weights over time."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gradsim.nn.arrays import Array, l2_norm

CANCELED = 1e-4
"""Share of its terms below which a sum has lost too many digits."""


COMFORTABLE = {np.dtype(np.float32): (1e-8, 1e8), np.dtype(np.float64): (1e-70, 1e70)}
"""Between which sizes fourth powers, and sums of many, are far from the ends of a number format."""


def by_pairs(h: Array, gates: Sequence[Array]) -> npt.NDArray[np.float64]:
    """L2 norms of the products delta^T h of time steps, without the products: (steps,).

    h: (steps, batch, units), and the deltas of all gates, or of some after the other, as arrays
    (steps, batch, columns). |delta^T h|^2 = sum over pairs of rows of (delta delta^T) * (h h^T),
    which is much smaller than delta^T h where there are fewer rows than units.
    """
    with np.errstate(all="ignore"):
        largest = np.maximum.reduce([_largest(part) for part in gates])
        scale, deltas = np.ones_like(largest), gates
        low, high = COMFORTABLE[h.dtype]
        if ((largest != 0.0) & ~((largest > low) & (largest < high))).any():
            # Scaled to 1 first: squares of a vanishing delta would leave the number range.
            scale = np.where(largest > 0.0, largest, 1.0)
            deltas = [part / scale[:, None, None] for part in gates]
        rows = np.matmul(h, h.transpose(0, 2, 1))
        rows *= sum(np.matmul(part, part.transpose(0, 2, 1)) for part in deltas)
        squares = np.add.reduce(rows, axis=(1, 2))
        norms = np.asarray(np.sqrt(squares) * scale, np.float64)
        # Out of range, or where the pairs nearly cancel, the product itself is taken.
        size = np.add.reduce(np.abs(rows, out=rows), axis=(1, 2))
        poor = ~(squares > CANCELED * size) & (largest != 0.0)
    for t in np.flatnonzero(poor):
        own = np.concatenate([part[t] for part in gates], axis=1)
        norms[t] = l2_norm(own.T @ h[t])
    return norms


def _largest(part: Array) -> Array:
    """Largest magnitude at each time step, without a sign: (steps,)."""
    flat = part.reshape(len(part), -1)
    ends = np.maximum.reduce(flat, axis=1), -np.minimum.reduce(flat, axis=1)
    largest: Array = np.maximum(*ends) + 0.0
    return largest
