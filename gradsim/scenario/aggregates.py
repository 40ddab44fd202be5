"""Several values made into one: NaN where one of them is NaN."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gradsim.nn.arrays import Array


def aggregated(name: str, values: Sequence[float]) -> float:
    """The values as one, by the name of an aggregate; NaN of no values."""
    if not values:
        return float("nan")
    with np.errstate(all="ignore"):
        return float(_AGGREGATES[name](np.array(values, dtype=np.float64)))


_AGGREGATES: Mapping[str, Callable[[Array], float]] = {
    "min": np.min,
    "max": np.max,
    "mean": np.mean,
    "median": np.median,
    "geometric-mean": lambda values: np.exp(np.mean(np.log(values))),
    "sum": np.sum,
    "decades": lambda values: np.log10(np.max(values)) - np.log10(np.min(values)),
}
