"""Keys that change what is trained: switches, undo, pin, the panel of knobs."""

from typing import TYPE_CHECKING

from gradsim.simulation.actions import Action, Pin, Redo, Switch, Undo
from gradsim.tui.desk import Desk
from gradsim.tui.places import Place
from gradsim.tui.switching import Turn, turned, typed

if TYPE_CHECKING:
    # Lists, help and scenarios are loaded when they are opened: the first picture comes sooner.
    pass


class Switching(Desk):
    """Keys that change what is trained: switches, undo, pin, the panel of knobs."""

    def take(self, turn: Turn) -> None:
        """Make a switch that a key has come to, or say why there is none."""
        if turn.changes:
            self.driver.switch(Switch(turn.changes))
        self.driver.message = turn.message
        self._soon()

    def ask(self, action: Action) -> None:
        """Have an action taken: a scenario waits where it stands."""
        self.driver.take_over()
        self.driver.request(action)
        self._soon()

    def action_knob(self, name: str, way: int) -> None:
        """Switch a knob to its next or previous value."""
        self.last_knob = name
        self.take(turned(self.session, self.driver.experiment, name, way))

    def action_set(self, knob: str, choice: str) -> None:
        """Switch a knob to a choice."""
        self.last_knob = knob
        self.take(typed(self.session, self.driver.experiment, knob, choice, Place()))

    def action_reseed(self) -> None:
        """From step 0 with the next seed."""
        self.take(Turn({"seed": self.driver.experiment.seed + 1}))

    def action_undo(self) -> None:
        """The last switch."""
        self.driver.undo(Undo())
        self._soon()

    def action_redo(self) -> None:
        """The last switch undone."""
        self.driver.undo(Redo())
        self._soon()

    def action_pin(self) -> None:
        """Pin the run, or let go of it."""
        self.ask(Pin())

    def action_choices(self) -> None:
        """What the part that was switched last can be, with formulas."""
        self.action_choose(self.last_knob)

    def action_choose(self, knob: str) -> None:
        """The panel of knobs, opened on one of them."""
        from gradsim.tui.knobs import KnobScreen  # noqa: PLC0415

        screen = KnobScreen(self.driver, self.selected_layer, self.take, self.keymap.told, knob)
        self.push_screen(screen)

    def action_knobs(self) -> None:
        """Every knob in a list."""
        from gradsim.tui.knobs import KnobScreen  # noqa: PLC0415

        self.push_screen(KnobScreen(self.driver, self.selected_layer, self.take, self.keymap.told))
