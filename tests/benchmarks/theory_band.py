"""How many networks really lie within theory's band, family by family, on seeds nothing was fit to.

    PYTHONPATH=tests:tests/insight/theory python tests/benchmarks/theory_band.py [SEED] [COUNT]

Not run with the tests: it builds some thousand networks. For each family it tells how many of COUNT
networks have their end-to-end factor within two of theory's deviations of the typical value, and
the mean and the spread of the distance in those deviations: 0 and 1 where both are right.
"""

import sys
from itertools import product
from typing import Any

import numpy as np
from helpers import experiment
from measured import log_squares

from gradsim.experiment.build import load_data
from gradsim.insight.theory.prediction import DECADE
from gradsim.insight.theory.result import BAND, theory

HE, LECUN = {"initializer": "he-normal"}, {"initializer": "lecun-normal"}

FAMILIES: dict[str, dict[str, Any]] = {
    "sigmoid": {},
    "tanh": {"activation": "tanh", **LECUN},
    "tanh, gain 2": {"activation": "tanh", "initializer_gain": 2.0, **LECUN},
    "relu": {"activation": "relu", **HE},
    "leaky-relu": {"activation": "leaky-relu", **HE},
    "gelu": {"activation": "gelu", **HE},
    "silu": {"activation": "silu", **HE},
    "selu": {"activation": "selu", **LECUN},
    "elu": {"activation": "elu", **HE},
    "relu, orthogonal": {"activation": "relu", "initializer": "orthogonal"},
    "relu, layer": {"activation": "relu", "normalization": "layer", **HE},
    "relu, rms": {"activation": "relu", "normalization": "rms", **HE},
    "sigmoid, batch": {"normalization": "batch"},
    "tanh, batch": {"activation": "tanh", "normalization": "batch"},
    "relu, batch": {"activation": "relu", "normalization": "batch", **HE},
    "relu, residual": {"activation": "relu", "skip": "residual", **HE},
    "relu, scaled": {"activation": "relu", "skip": "residual-scaled", **HE},
    "relu, 1 / sqrt(depth)": {"activation": "relu", "skip": "residual-depth", **HE},
    "tanh, residual": {"activation": "tanh", "skip": "residual"},
    "relu, highway": {"activation": "relu", "skip": "highway", **HE},
    "relu, residual, batch": {
        "activation": "relu", "skip": "residual", "normalization": "batch", **HE,
    },
}  # fmt: skip

SHAPES = tuple(product((32, 64, 128), (10, 20, 40)))
"""Width and depth."""


def distances(knobs: dict[str, Any], seeds: range) -> np.ndarray[Any, Any]:
    """How far each network's end-to-end factor is from the typical one, in deviations."""
    found = []
    for seed in seeds:
        declared = experiment(**knobs, seed=seed)
        data = load_data(declared)
        profile = theory(declared, data).profile
        if profile is None:
            continue
        logs = log_squares(declared, data)
        reach = (logs[0] - logs[-1]) / DECADE
        found.append((reach - profile.decades[0]) / profile.deviations[0])
    return np.array(found)


def main(first: int = 7000, count: int = 30) -> None:
    """Print the table."""
    print(f"{'':22} width depth  within  mean  spread")
    for name, knobs in FAMILIES.items():
        for width, depth in SHAPES:
            found = distances(knobs | {"width": width, "depth": depth}, range(first, first + count))
            if not len(found):
                print(f"{name:22} {width:5} {depth:5}  no theory")
                continue
            within = float((np.abs(found) < BAND).mean())
            print(
                f"{name:22} {width:5} {depth:5}  {within:6.2f} {found.mean():+5.1f} "
                f"{found.std():6.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3]))
