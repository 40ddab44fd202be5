"""What a view of the app is: a pane in the middle of the screen, with keys of its own.

A view draws lines from a frame, as panels do. What takes long it does bit by bit in `tick`, or in
worker processes that `tick` looks after, so that no key ever waits.
"""

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, ClassVar, Protocol

from gradsim.simulation.actions import Action
from gradsim.tui.binding import bound
from gradsim.tui.canvas import Canvas
from gradsim.tui.driver import Driver
from gradsim.tui.keys import Key
from gradsim.tui.lessons import Lessons
from gradsim.tui.presses import Press
from gradsim.tui.settings import Settings
from gradsim.tui.switching import Turn
from gradsim.view.frame import Frame
from gradsim.view.lines import Line, fitted

if TYPE_CHECKING:
    from gradsim.insight.remedies.ghost import Ghost
    from gradsim.scenario.format import Scenario


_NUMBERS = count(1)


class Host(Protocol):
    """What a view may ask of the app."""

    driver: Driver
    lessons: Lessons
    remedy: "Ghost | None"
    """What is laid over the profile: see `View.remedy`."""

    @property
    def selected(self) -> int:
        """The selected layer: 1 to depth, or depth + 1 for the head."""

    @property
    def selected_layer(self) -> int:
        """The layer that the selected place is in: itself, or the recurrent layer looked at."""

    def action_layer(self, way: int) -> None:
        """Select another place, so many further on."""

    def take(self, turn: Turn) -> None:
        """Make a switch as a key does, so that it is in the log; or say why there is none."""

    def play_lesson(self, scenario: "Scenario", done: int = 0) -> None:
        """Bring a lesson on screen, `done` steps of it done; the session on screen waits."""

    def leave_lesson(self) -> None:
        """Back to the session from which lessons were opened."""

    def ask(self, action: Action) -> None:
        """Have an action taken as a key has it: a scenario waits where it stands."""

    def say(self, message: str) -> None:
        """Show a message until the next one."""

    def redraw(self) -> None:
        """Draw everything again, once all keys that wait have been read."""


class ViewPane(Canvas, can_focus=True):
    """A view. It has the focus while it is shown, so that its keys come before the app's.

    A class says what it is in `NAME`, `TITLE` (on the border), `KEY` (opens it),
    `ABOUT` (a line for the help) and `KEYS`; it draws in `draw`. It is there from the start, so
    what costs time or memory waits until it is first `opened`.
    """

    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    KEY: ClassVar[str]
    BRIEF: ClassVar[str] = ""
    """The name on its tab where room is short; nothing for `NAME`."""
    ABOUT: ClassVar[str]
    KEYS: ClassVar[tuple[Key, ...]] = ()
    HIDES: ClassVar[frozenset[str]] = frozenset({"network"})
    """Panels that give way to it."""

    def __init_subclass__(cls) -> None:
        """Bind the keys of the table."""
        if cls.KEYS:
            cls.BINDINGS = bound(cls.KEYS, cls.NAME)
        super().__init_subclass__()

    def __init__(self, host: Host) -> None:
        # There is one for each session that has been on screen.
        super().__init__(id=f"view-{self.NAME}-{next(_NUMBERS)}", title=self.TITLE)
        self.host = host

    def draw(self, frame: Frame, width: int, height: int, settings: Settings) -> Sequence[Line]:
        """The lines of the view, each exactly `width` cells; `height` of them."""
        return [fitted([], width)] * height

    def idle(self, action: str) -> str:
        """Why an action of its own makes no sense now, in a sentence; or nothing."""
        return ""

    def press(
        self, frame: Frame, width: int, height: int, settings: Settings, x: int, y: int
    ) -> Press | None:
        """What pressing the mouse at a column and a line does; nothing where it does nothing."""
        return None

    def opened(self) -> None:
        """It comes on screen."""

    def left(self) -> None:
        """Another view comes on screen; work in the background may go on."""

    def tick(self, more: Callable[[], bool]) -> bool:
        """Go on with what is to be done while `more()`; True where the picture has changed.

        Called for every view at every frame, shown or not. It must never wait.
        """
        return False

    def close(self) -> None:
        """The app ends: end what runs in the background."""
