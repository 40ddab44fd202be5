"""Keys that go through the run: play, back and forth, faster, again."""

from typing import TYPE_CHECKING

from gradsim.simulation.actions import Advance, Back, Grain
from gradsim.tui.desk import Desk
from gradsim.tui.driver import SPEEDS

if TYPE_CHECKING:
    # Lists, help and scenarios are loaded when they are opened: the first picture comes sooner.
    pass


class Moving(Desk):
    """Keys that go through the run: play, back and forth, faster, again."""

    def action_play(self) -> None:
        """Play or pause."""
        self.driver.playing = not self.driver.playing
        self.driver.message = ""
        self._show()

    def action_move(self, grain: str, way: int) -> None:
        """One op, layer, phase or step forward or back."""
        self.driver.move(Advance(Grain(grain)) if way > 0 else Back(Grain(grain)))
        if self._live:
            # Keys that wait to be read are taken in first, so that their moves are made as one.
            self._show()
        else:
            self.advance(0.0)

    def action_event(self, way: int) -> None:
        """To the next event of the timeline, or the one before."""
        self.driver.event(way)
        self._soon()

    def action_go_on(self) -> None:
        """The scenario's next step, or back to it."""
        self.driver.go_on()
        self._soon()

    def action_go_back(self) -> None:
        """Back in the scenario."""
        self.driver.go_back()
        self._soon()

    def action_speed(self, notches: int) -> None:
        """Faster or slower."""
        self.driver.faster(notches)
        self._show()

    def action_full_speed(self) -> None:
        """As fast as it goes, or back to the speed it opens with."""
        if self.driver.fastest and self.driver.playing:
            self.driver.notch = 3
        else:
            self.driver.notch = len(SPEEDS)
            self.driver.playing = True
        self._show()

    def action_again(self) -> None:
        """From step 0, exactly."""
        self.driver.restart()
        self._soon()

    def action_go_to(self, step: int) -> None:
        """To where a step is done."""
        self.driver.visit(step)
        self._soon()

    def action_first_cause(self) -> None:
        """To where NaN or infinity began; all about it, if one is there already."""
        if cause := self.driver.causes.here():
            from gradsim.tui.cause import CauseScreen  # noqa: PLC0415

            self.push_screen(CauseScreen(cause))
            return
        self.driver.to_first_cause()
        self._soon()
