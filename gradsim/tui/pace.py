"""The pace of the app: how often it draws, and how long it computes at a stretch."""

SLICE = 0.004
"""Seconds of computing at a stretch: a key that comes meanwhile waits no longer."""

COMPUTING = 0.011
"""Seconds in a turn of the clock after which no other stretch of computing is begun."""

FRAMES_PER_SECOND = 30

_EVERY = {"usual": (1, 3), "fastest": (3, 3), "sparing": (15, 90)}
"""Turns of the clock from one picture to the next, and from one of the plots to the next.

Plots cost more than the rest together. As fast as it goes, each picture is of another step, and
time is better spent on computing; a slow line gets two pictures a second, and plots every three
seconds.
"""


USUAL_CELLS = 4000
"""Cells for which the above is made, give or take a half: 120x40 has 4,800."""


class Pace:
    """Says at every turn of the clock what is to be drawn. Nothing stays undrawn in the end."""

    def __init__(self) -> None:
        self.sparing = False
        """Whether the terminal is behind a slow line."""
        self.cells = 0
        """Of the terminal: a picture of more costs a slow line more."""
        self._turn = 0
        self._stale = self._plots_stale = False

    def due(self, moved: bool, at_rest: bool, fastest: bool) -> tuple[bool, bool]:
        """Whether to draw now, and whether the plots too.

        `moved` says whether something has changed since the turn before; what has come to rest
        is drawn at once.
        """
        self._turn += 1
        self._stale |= moved
        self._plots_stale |= moved
        every, plots_every = _EVERY[
            "sparing" if self.sparing else "fastest" if fastest else "usual"
        ]
        if self.sparing:
            larger = max(round(self.cells / USUAL_CELLS), 1)
            every, plots_every = every * larger, plots_every * larger
        plots = self._plots_stale and (at_rest or self._turn % plots_every == 0)
        drawn = plots or (self._stale and (at_rest or self._turn % every == 0))
        self._stale &= not drawn
        self._plots_stale &= not plots
        return drawn, plots
