"""How many times longer PyTorch takes for a step through time, recording the same: in turns.

    python tests/benchmarks/through_time_in_turns.py [ROUNDS]

Prints the table of docs/speed.md: the median over the rounds (seven) of the ratio of processor
times, with its quartiles, and both medians in milliseconds. Needs PyTorch.
"""

import sys
from collections.abc import Callable
from statistics import median, quantiles
from time import process_time

from test_step_through_time import BATCHES, eager_step, recorded_step

OURS_A_ROUND = 3


def seconds(step: Callable[[], None]) -> float:
    """Processor time of one step."""
    start = process_time()
    step()
    return process_time() - start


def row(cell: str, batch: int, rounds: int) -> str:
    """The line of one cell and batch size."""
    ours, eager = recorded_step(cell, batch), eager_step(cell, batch)
    for warm_up in (ours, ours, eager):
        warm_up()
    turns = [
        (median(seconds(ours) for _ in range(OURS_A_ROUND)), seconds(eager)) for _ in range(rounds)
    ]
    ratios = [theirs / own for own, theirs in turns]
    low, _, high = quantiles(ratios, n=4)
    own, theirs = (1e3 * median(times) for times in zip(*turns, strict=True))
    found = f"{median(ratios):.2f} ({low:.2f}-{high:.2f})"
    return f"{cell:5} {batch:5}  {found:>18} {own:9.1f} {theirs:9.1f}"


def main() -> None:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    print("cell  batch         torch/ours   ours ms  torch ms")
    for cell in ("rnn", "gru", "lstm"):
        for batch in BATCHES:
            print(row(cell, batch, rounds), flush=True)


if __name__ == "__main__":
    main()
