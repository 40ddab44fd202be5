"""A view that works something out while it is on screen, and only then."""

from typing import ClassVar

from gradsim.tui.views.base import Host, ViewPane
from gradsim.view.lines import Line, fitted


class AskingPane(ViewPane):
    """It asks the network bit by bit in `tick`; as soon as it leaves the screen it stops."""

    WAITING: ClassVar[str]
    """What it says as long as nothing is known."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._open = False
        """Whether it is on screen."""

    def opened(self) -> None:
        """It comes on screen."""
        self._open = True

    def left(self) -> None:
        """Another view comes on screen: nothing is worked out meanwhile."""
        self._open = False
        self._stop()

    def _stop(self) -> None:
        """Leave what is being worked out; it is begun again when it is wanted."""

    def _waiting(self, width: int, height: int) -> list[Line]:
        """What is seen before anything is known: exactly `height` lines."""
        return [fitted([(self.WAITING, "label")], width), *[fitted([], width)] * (height - 1)]
