"""The list of what playback stops at: events, and conditions that are typed."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gradsim.errors import InputError
from gradsim.insight.watch import EVENTS, FORMS, Condition, parsed
from gradsim.tui.binding import bound
from gradsim.tui.driver import Driver
from gradsim.tui.keys import STOP_KEYS
from gradsim.tui.modal import Modal
from gradsim.tui.theme import style
from gradsim.view.key_words import Told

TYPE = "type"
"""The row that opens the field to type in."""


class StopScreen(Modal[None]):
    """Space switches a condition on or off; the last row takes one that is typed."""

    BINDINGS: ClassVar[list[BindingType]] = bound(STOP_KEYS, "stop-list")
    DEFAULT_CSS = """
    StopScreen { align: center middle; background: $background 60%; }
    StopScreen > Vertical {
        width: 72; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; background: $background; padding: 0 1;
    }
    StopScreen OptionList, StopScreen OptionList:focus {
        height: auto; max-height: 12; border: none; background: $background; padding: 0;
    }
    StopScreen Input, StopScreen Input:focus {
        display: none; border: round $secondary; height: 3; background: $background;
    }
    StopScreen Static { height: 3; color: $foreground; margin-top: 1; }
    """

    def __init__(self, driver: Driver, told: Told) -> None:
        super().__init__()
        self._told = told
        self._driver = driver
        self._rows = [Condition(name) for name in EVENTS]
        self._rows += [c for c in driver.stopping.conditions if c not in self._rows]

    def compose(self) -> ComposeResult:
        """The list, a field to type in, and what is to be known."""
        self._list = OptionList()
        self._input = Input(placeholder=FORMS)
        self._about = Static()
        box = Vertical(self._list, self._input, self._about)
        box.border_title = "stop playback where"
        box.border_subtitle = self._told(
            "⟨stop-list.turn⟩ on or off  ⟨stop-list.remove⟩ off the list  ⟨stop-list.back⟩ back"
        )
        yield box

    def on_mount(self) -> None:
        """List them."""
        self._draw(0)
        self._list.focus()

    def _draw(self, highlighted: int, said: str = "") -> None:
        self._list.clear_options()
        self._list.add_options([Option(self._row(c), id=c.text) for c in self._rows])
        self._list.add_option(Option(Text("    another: type it", style("label")), id=TYPE))
        self._list.highlighted = highlighted
        self._about.update(
            Text(said, style("message"))
            if said
            else Text(
                "Playback stops at the step where it happens. Conditions are typed as "
                f"{FORMS}; @ names a layer. All quantities: gradsim reference.",
                style("label"),
            )
        )

    def _row(self, condition: Condition) -> Text:
        on = condition in self._driver.stopping.conditions
        return Text.assemble(
            ("[x] " if on else "[ ] ", style("key")),
            (condition.words, style("value" if on else "text")),
        )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Switch it on or off, or open the field."""
        self._choose(event.option_index)

    def action_turn(self) -> None:
        """The highlighted one, on or off."""
        if not self._input.display and self._list.highlighted is not None:
            self._choose(self._list.highlighted)

    def _choose(self, index: int) -> None:
        if index >= len(self._rows):
            self._input.display = True
            self._input.focus()
            return
        self._driver.stopping.toggle(self._rows[index])
        self._draw(index)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed, switched on; where it is wrong, say so and leave the field open."""
        try:
            condition = parsed(event.value, self._driver.session.places)
        except InputError as error:
            self._draw(len(self._rows), error.problems[0])
            return
        if condition not in self._rows:
            self._rows.append(condition)
        if condition not in self._driver.stopping.conditions:
            self._driver.stopping.toggle(condition)
        self._close_field()
        self._draw(self._rows.index(condition))

    def action_remove(self) -> None:
        """Take one that was typed off the list."""
        index = self._list.highlighted
        if self._input.display or index is None or not len(EVENTS) <= index < len(self._rows):
            return
        condition = self._rows.pop(index)
        if condition in self._driver.stopping.conditions:
            self._driver.stopping.toggle(condition)
        self._draw(min(index, len(self._rows)))

    def action_back(self) -> None:
        """Close the field, or the list."""
        if self._input.display:
            self._close_field()
            self._draw(len(self._rows))
        else:
            self.leave()

    def _close_field(self) -> None:
        self._input.value = ""
        self._input.display = False
        self._list.focus()
