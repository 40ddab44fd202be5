"""Activations in their tails: values and slopes against arithmetic of hundreds of digits.

A wrong tail passes every comparison by the largest entry, and is what a vanishing gradient is
made of.
"""

from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext

import numpy as np
import pytest
from helpers import bind_start

from gradsim.nn.activations import ACTIVATIONS

DIGITS = 400
"""So many that e^-700 and a difference of 1e-40 between two such numbers keep enough of them."""

H = Decimal("1e-40")

FAR = (-700.0, -100.0, -37.0, -21.0, -5.0, -1.0, -1e-8, 1e-8, 1.0, 5.0, 21.0, 37.0, 100.0, 700.0)

NEAR = tuple(x for x in FAR if abs(x) < 22.0)
"""Where erf, of which a series is summed up, is still something else than -1 or 1 or underflow."""


def arctan_of_inverse(n: int) -> Decimal:
    term, total, k = Decimal(1) / n, Decimal(0), 0
    while abs(term) > Decimal(10) ** -(DIGITS + 5):
        total += term / (2 * k + 1)
        term, k = -term / (n * n), k + 1
    return total


def exact() -> Context:
    return Context(prec=DIGITS, Emin=MIN_EMIN, Emax=MAX_EMAX)


with localcontext(exact()):
    PI = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))
    ROOT_2 = Decimal(2).sqrt()


def sigmoid(x: Decimal) -> Decimal:
    return 1 / (1 + (-x).exp())


def tanh(x: Decimal) -> Decimal:
    return 2 * sigmoid(2 * x) - 1


def softplus(x: Decimal) -> Decimal:
    return (1 + x.exp()).ln()


def erf(x: Decimal) -> Decimal:
    term = total = 2 / PI.sqrt() * (-x * x).exp() * x
    n = 1
    while abs(term) > abs(total) * Decimal(10) ** -DIGITS:
        term *= 2 * x * x / (2 * n + 1)
        total, n = total + term, n + 1
    return total


def selu(x: Decimal) -> Decimal:
    alpha, scale = Decimal("1.6732632423543772848"), Decimal("1.0507009873554804934")
    return scale * (x if x > 0 else alpha * (x.exp() - 1))


FORMULAS: dict[str, Callable[[Decimal], Decimal]] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": lambda x: max(x, Decimal(0)),
    "leaky-relu": lambda x: x if x > 0 else Decimal("0.01") * x,
    "prelu": lambda x: x if x > 0 else Decimal("0.25") * x,
    "elu": lambda x: x if x > 0 else x.exp() - 1,
    "selu": selu,
    "gelu": lambda x: x * (1 + erf(x / ROOT_2)) / 2,
    "gelu-tanh": lambda x: (
        x / 2 * (1 + tanh((2 / PI).sqrt() * (x + Decimal("0.044715") * x * x * x)))
    ),
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * tanh(softplus(x)),
    "softplus": lambda x: softplus(x) if x < 20 else x,
    "softsign": lambda x: x / (1 + abs(x)),
    "hardtanh": lambda x: min(max(x, Decimal(-1)), Decimal(1)),
    "erf": erf,
    "identity": lambda x: x,
}

AROUND_TANH = {"tanh": 3e-16, "gelu-tanh": 3e-15}
"""1 - tanh(x)^2 is worked out from tanh(x), which may have rounded to 1: an absolute error."""


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_and_slope(name: str) -> None:
    assert name in FORMULAS, f"add the formula of {name}"
    formula = FORMULAS[name]
    points = NEAR if name in ("erf", "gelu") else FAR
    kinks = (-1.0, 1.0) if name == "hardtanh" else ()
    op = ACTIVATIONS[name](1, len(points), "float64")
    bind_start(op)
    values = op.forward(np.array([points]))[0].copy()
    for x, value, slope in zip(points, values, op.slopes[0], strict=True):
        with localcontext(exact()):
            at = Decimal(x)
            right = float(formula(at))
            right_slope = float((formula(at + H) - formula(at - H)) / (2 * H))
        error = AROUND_TANH.get(name, 0.0)
        assert value == pytest.approx(right, rel=1e-13, abs=20.0 * error), x
        if x not in kinks:
            assert slope == pytest.approx(right_slope, rel=1e-12, abs=error), x


def test_the_formulas_themselves() -> None:
    with localcontext(exact()):
        assert str(PI)[:32] == "3.141592653589793238462643383279"
        assert float(erf(Decimal(1))) == 0.8427007929497149
        assert float(1 - erf(Decimal(6))) == pytest.approx(2.1519736712498913e-17, rel=1e-14)
