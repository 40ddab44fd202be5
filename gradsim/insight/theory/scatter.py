"""How far sums over finitely many units scatter around their mean."""

from math import log

import numpy as np

from gradsim.insight.theory.quadrature import Floats
from gradsim.insight.theory.units import Gradient, Rows


def correlation(moment: Floats) -> Floats:
    """M_ij / sqrt(M_ii M_jj), within -1 and 1: (rows, rows)."""
    size = np.sqrt(np.maximum(moment.diagonal(), 1e-300))
    return np.asarray(np.minimum(np.maximum(moment / size[:, None] / size, -1.0), 1.0))


def agreement(moment: Floats, noise: float) -> Floats:
    """The squared correlation of two rows, with the noise of sampling: (rows, rows)."""
    squared = correlation(moment) ** 2
    return np.asarray(squared + noise * (1.0 - squared))


def with_noise(correlations: Floats, noise: float) -> Floats:
    """Correlations as far from 0 as the noise of sampling makes them: (rows, rows)."""
    squared = correlations * correlations
    return np.asarray(np.sign(correlations) * np.sqrt(squared + min(noise, 1.0) * (1.0 - squared)))


def apart(matrix: Floats) -> float:
    """The mean over two rows apart; 1 where there is but one row."""
    count = len(matrix)
    if count < 2:
        return 1.0
    return float(matrix.sum() - matrix.diagonal().sum()) / (count * (count - 1))


def concentration(given: Gradient, rows: Rows) -> float:
    """sum_i w_i^2, w_i being the share of row i in the squared norm of the batch.

    1 / batch while all are alike. Once the rows have gone their own ways so far that the variance V
    of their logarithms is beyond 2 ln(batch), the few largest are all there is: the sum then falls
    behind its mean as in the random energy model, by 1 - sqrt(2 ln(batch) / V) of what a single row
    does (Derrida 1981).
    """
    own = np.einsum("s,srr->r", np.array(given.widths, np.float64), given.moment)
    alike = float(own @ own) * rows.count / max(float(own.sum()) ** 2, 1e-300) / rows.batch
    frozen = 1.0 - (2.0 * log(rows.batch) / given.alone) ** 0.5 if given.alone > 0.0 else 0.0
    return min(max(alike, frozen), 1.0)


def over_batch(matrix: Floats, together: float, rows: Rows) -> tuple[float, float]:
    """sum_ij w_i w_j M_ij over the batch, and the mean of M_ij over two rows apart.

    `together`: sum_i w_i^2.
    """
    count = rows.count
    own = float(matrix.diagonal().sum())
    apart = (float(matrix.sum()) - own) / (count * (count - 1)) if count > 1 else own
    return together * own / count + (1.0 - together) * apart, apart
