"""The kinds of recurrent cells: names, formulas, and how many gates each has."""

CELLS: dict[str, str] = {
    "none": "a deep stack of layers, no time",
    "rnn": "h' = phi(U x + W h + b), with the activation as phi",
    "gru": "h' = (1 - z) * n + z * h, n = tanh(U_n x + r * (W_n h)): gates r, z",
    "lstm": "c' = f * c + i * g, h' = o * tanh(c'): gates i, f, o, and a cell c",
}
"""Every kind of cell by its name, with its formula."""

GATES: dict[str, int] = {"rnn": 1, "gru": 3, "lstm": 4}
"""Blocks of units in the weights of each kind of cell."""
