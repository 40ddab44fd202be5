"""Oscillation: how far the loss jumps in one step, measured by how far it has come down so far."""

from collections.abc import Sequence
from math import inf, nan

import numpy as np

WINDOW = 50
"""The last steps that count: about two rounds through the digits in batches of 64."""

FORMULA = f"mean |L[t] - L[t-1]| over the last {WINDOW} steps / (L[0] - mean L over these steps)"
"""What is computed, in one line; L[t] is the loss at step t."""


def oscillation(losses: Sequence[float | None]) -> float:
    """The oscillation of a training with these losses, from step 0 to now. It has no unit.

    With L[t] the loss of the batch at step t, now at step n, and w = min(n, WINDOW): the mean of
    |L[t] - L[t-1]| for t = n-w+1 .. n, over L[0] minus the mean of L[n-w] .. L[n]. At 0.02 a step
    moves the loss by a fiftieth of all that training has won so far; near 1 each step may give it
    all back. A factor on the loss does not change it.

    It is high where the loss jumps, and just as high where it only shivers but has hardly come
    down: in both cases the steps lead nowhere. So it is to be read once training had time to win
    something. Steps differ by their batches too, so a calm training has some as well.

    Infinite where the loss moves but has not come down at all, and where a loss that counts is
    infinite. NaN where a loss that counts is NaN or unknown, before the first step, and where the
    loss has not moved at all. What happened before the last WINDOW steps counts no more, but for
    the loss at step 0.
    """
    if len(losses) < 2:
        return nan
    counted = [nan if loss is None else loss for loss in (losses[0], *losses[-WINDOW - 1 :])]
    values = np.array(counted, dtype=np.float64)
    if np.isnan(values).any():
        return nan
    largest = float(np.abs(values).max())
    if largest == inf:
        return inf
    if largest == 0.0:
        return nan
    # Divided by the largest first, so that neither a sum nor a difference can overflow.
    values /= largest
    last = values[1:]
    movement = float(np.abs(np.diff(last)).mean())
    fall = float(values[0] - last.mean())
    if movement == 0.0:
        return nan
    return movement / fall if fall > 0.0 else inf
