"""Activations. A new one is a class in a module here and its name in the list below."""

from gradsim.nn.activations.base import Activation
from gradsim.nn.activations.bounded import Erf, Hardtanh, Sigmoid, Softsign, Tanh
from gradsim.nn.activations.rectified import ELU, SELU, Identity, LeakyReLU, PReLU, ReLU
from gradsim.nn.activations.smooth import GELU, GELUTanh, Mish, SiLU, Softplus

ACTIVATIONS: dict[str, type[Activation]] = {
    kind.name: kind
    for kind in (
        Sigmoid,
        ReLU,
        LeakyReLU,
        PReLU,
        ELU,
        SELU,
        GELU,
        GELUTanh,
        SiLU,
        Mish,
        Softplus,
        Softsign,
        Hardtanh,
        Erf,
        Identity,
        Tanh,
    )
}
"""Every activation by its name, in the order in which the app cycles through them."""

__all__ = ["ACTIVATIONS", "Activation"]
