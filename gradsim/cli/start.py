"""The first thing that a process does: it loads next to nothing, so that ctrl-c is heard early."""

import sys

from gradsim.cli.terminal import INTERRUPTED


def main() -> None:
    """Load the command line and run it; ctrl-c while it loads ends it as quietly as later on."""
    try:
        from gradsim.cli.main import main as command_line  # noqa: PLC0415

        command_line()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
