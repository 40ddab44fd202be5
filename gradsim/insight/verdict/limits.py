"""The thresholds of the verdict, each with its reason. None of them is a size of a gradient."""

LIMIT_DECADES = 1.5
"""End-to-end change, in decades, beyond which a gradient counts as vanishing or exploding.

The middle, on a log scale, between a factor of 10 (still healthy) and of 100 (no longer).
"""

MANY = 0.5
"""Share of saturated entries, or of dead units, from which on a layer is named.

Half of the units of a deep healthy ReLU network may be off for a whole batch, as its rows look
more and more alike; below that a note would be on all the time.
"""

LEVEL = 10.0
"""Two ends within this factor count as level: what still is a healthy reach."""

WINDOW = 100
"""Steps that notes on the training look back on: three rounds through the digits in batches of 64.

Two halves of 50 are enough for the scatter of single batches to average out.
"""

STILL = 0.03
"""Share of itself by which the loss must have moved from one half of the window to the other.

With what the scatter of the batches leaves open (two standard errors) included, less is a plateau.
Networks that learned moved by 0.04 and more, those that starved by less than 0.002.
"""

DONE = 0.1
"""Share of the first loss below which a loss that stands still has simply arrived."""

SWINGS = 0.25
"""Oscillation (see `oscillation`) from which on steps count as leading nowhere.

Networks that learned stayed below 0.2 once they had made 50 steps, unless they were still falling.
"""

JUMP = 0.03
"""Mean jump of the loss in a step, as a share of the loss, below which it only shivers."""

FEWEST = 50
"""Steps that there must have been before the loss is said to swing: the window of `oscillation`."""

OFTEN = 0.95
"""Share of the steps of the window at which clipping fires from which on it is "at every step"."""

FEWEST_CLIPPED = 10
"""Steps that there must have been before clipping is said to fire at every one of them."""

SLOW = 1e-6
"""A layer stands still whose update is below this share of its weights: 1 % in 10,000 steps."""

SPARE_DECADES = 10.0
"""Decades that one layer may take at once; a zero nearer to the end of the range is an underflow.

Where the layers above have taken more at once, that counts instead, with two decades to spare.
"""

ROUNDING = 8.0
"""Machine epsilons of what a sum was made of, up to which what is left of it is rounding alone."""

NEARLY_ALL = 0.95
"""Share of what all time steps add to the recurrent gradient that is asked for."""

FORGETFUL = 0.5
"""Share of the time steps that must bring nearly all of it for the memory to be called short."""
