"""Views of sessions that are not on screen: kept as they were left, so that nothing is lost."""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from gradsim.tui.driver import Driver
from gradsim.tui.views.base import ViewPane

if TYPE_CHECKING:
    from gradsim.insight.remedies.ghost import Ghost


class Looks(NamedTuple):
    """What a session was looked at with: its views by name, and a remedy laid over its profile."""

    panes: dict[str, ViewPane]
    remedy: "Ghost | None" = None


class PutAway:
    """The views of each session that waits, found again when it comes back on screen."""

    def __init__(self) -> None:
        self._looks: dict[Driver, Looks] = {}

    def keep(self, driver: Driver, panes: Mapping[str, ViewPane], remedy: "Ghost | None") -> None:
        """Put away the views of the session that leaves the screen."""
        for pane in panes.values():
            pane.left()
            pane.display = False
        self._looks[driver] = Looks(dict(panes), remedy)

    def take(self, driver: Driver) -> Looks:
        """The views of a session that comes on screen; none where it was never there."""
        return self._looks.pop(driver, Looks({}))

    def forgotten(self, known: Collection[Driver]) -> list[ViewPane]:
        """The views of sessions that will not come back: a lesson that has begun anew."""
        gone = [driver for driver in self._looks if driver not in known]
        return [pane for driver in gone for pane in self._looks.pop(driver).panes.values()]

    def panes(self) -> Iterator[ViewPane]:
        """All views that are put away."""
        for looks in self._looks.values():
            yield from looks.panes.values()
