"""What a first start shows: four quiet lines of what to press."""

from collections.abc import Sequence

from gradsim.view.lines import Line, fitted

Hint = tuple[str, str]
"""A key, and what it does in a few words."""

LAST_STEP = 10
"""From this step on the chart that the lines stand over has something to show."""


def welcome(hints: Sequence[Hint], width: int, height: int) -> list[Line]:
    """The hints in the middle of so much room: exactly `height` lines."""
    keys = max(len(key) for key, _ in hints)
    widest = keys + 2 + max(len(words) for _, words in hints)
    lead = " " * max(0, (width - widest) // 2)
    # With a blank line between two where there is room for it.
    every = 2 if height >= 2 * len(hints) + 1 else 1
    lines = [fitted([], width)] * max(0, (height - every * len(hints)) // 2)
    for key, words in hints:
        lines.append(
            fitted([(lead, ""), (f"{key:<{keys}}", "key"), ("  ", ""), (words, "label")], width)
        )
        lines += [fitted([], width)] * (every - 1)
    return (lines + [fitted([], width)] * height)[:height]
