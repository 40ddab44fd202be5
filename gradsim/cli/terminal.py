"""What goes out besides data: exit codes, and words on stderr. And whether there is a terminal."""

import os
import sys
from collections.abc import Iterable

OK = 0
FAILED = 1
"""An expectation does not hold."""
BAD_INPUT = 2
INTERRUPTED = 130
PIPE_CLOSED = 141


def complain(problems: Iterable[str]) -> None:
    """Each problem on a line of its own on stderr."""
    for problem in problems:
        # What came from a file may be in it, and must not be able to steer the terminal.
        note("gradsim: " + "".join(c if c.isprintable() else repr(c)[1:-1] for c in problem))


def note(text: str) -> None:
    """Words for the user, on stderr, so that stdout holds data and nothing else."""
    print(text, file=sys.stderr, flush=True)


class Progress:
    """One line on stderr that is written over; nothing at all where stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr is not None and sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Write over what was shown before."""
        if self._shown:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        self.show("")


def has_terminal() -> bool:
    """Whether an app can be shown and take keys: stdin and stdout are both a terminal.

    A server of the app to browsers brings a terminal of its own.
    """
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
