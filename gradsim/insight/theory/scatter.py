"""How far sums over finitely many units scatter around their mean."""

import numpy as np

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.units import Rows


def weights_of(moment: Floats, rows: Rows) -> Floats:
    """The share of each row in the squared norm of the whole batch: (rows,)."""
    own = np.diagonal(moment)
    return np.asarray(own / max(rows.trace(moment), 1e-300))


def correlation(moment: Floats) -> Floats:
    """M_ij / sqrt(M_ii M_jj), within -1 and 1: (rows, rows)."""
    size = np.sqrt(np.maximum(np.diagonal(moment), 1e-300))
    return np.asarray(np.clip(moment / size[:, None] / size, -1.0, 1.0))


def spread_of_sum(moment: Floats, rows: Rows, noise: float, kernel: Floats | None = None) -> float:
    """sum_ij w_i w_j k_ij r_ij^2: what of a single row's scatter is left in that of the batch.

    r_ij is the correlation of two rows' gradients, with the noise of sampling; w_i the share of a
    row. 1 where all rows agree, 1 / batch where each goes its own way. k_ij is `kernel`, else 1.
    """
    r2 = correlation(moment) ** 2
    r2 = np.minimum(r2 + noise * (1.0 - r2), 1.0)
    w = weights_of(moment, rows)
    return rows.total(np.outer(w, w) * (r2 if kernel is None else r2 * kernel))
