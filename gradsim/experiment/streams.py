"""Random streams: one for each purpose, so that changing one thing changes no other draw."""

from zlib import crc32

import numpy as np

from gradsim.nn.network import LayerName


def parameter_stream(seed: int, layer: LayerName, parameter: str) -> np.random.Generator:
    """The generator that draws one parameter of one layer; the head's does not depend on depth."""
    number = 0 if layer == "output" else layer
    return _child(seed, 1, number, crc32(parameter.encode()))


def batch_stream(seed: int, epoch: int) -> np.random.Generator:
    """The generator that shuffles the training rows for one epoch."""
    return _child(seed, 2, epoch)


def _child(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=key))
