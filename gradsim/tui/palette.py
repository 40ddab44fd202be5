"""The palette: every command in a list, found by a few letters of its name."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gradsim.tui.binding import full_name
from gradsim.tui.commands import Command, IdleOf, found
from gradsim.tui.keys import PALETTE_KEYS
from gradsim.tui.modal import Modal
from gradsim.tui.theme import style
from gradsim.view.key_words import Told

KEY_WIDTH, NAME_WIDTH = 10, 36
"""Columns for keys and names in the list."""


class PaletteScreen(Modal[Command]):
    """Letters narrow the list, the arrows choose, enter does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            key.keys,
            key.action,
            key.about,
            show=False,
            priority=True,
            id=full_name("command-list", key),
        )
        for key in PALETTE_KEYS
    ]
    DEFAULT_CSS = """
    PaletteScreen { align: center top; background: $background 60%; }
    PaletteScreen > Vertical {
        width: 96; max-width: 100%; height: 80%; margin-top: 2;
        border: round $accent; background: $background; padding: 0 1;
    }
    PaletteScreen Input, PaletteScreen Input:focus {
        border: none; height: 1; background: $background; padding: 0; margin-bottom: 1;
    }
    PaletteScreen OptionList, PaletteScreen OptionList:focus {
        height: 1fr; border: none; background: $background; padding: 0;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    PaletteScreen Static { height: 2; color: $foreground; margin-top: 1; }
    """

    def __init__(self, known: Sequence[Command], idle: IdleOf, told: Told) -> None:
        super().__init__()
        self._told = told
        self._idle = idle
        self._all = known
        self._found: list[Command] = []

    def compose(self) -> ComposeResult:
        """The field, the list, and a line on what is highlighted."""
        self._input = Input(placeholder="what is to be done: relu, view why, undo ...")
        self._list = OptionList()
        self._about = Static()
        box = Vertical(self._input, self._list, self._about)
        box.border_title = "commands"
        box.border_subtitle = self._told(
            "⟨command-list.choose-back⟩ ⟨command-list.choose⟩ choose   enter does it   "
            "⟨command-list.back⟩ closes"
        )
        yield box

    def on_mount(self) -> None:
        """List all of them."""
        self._list.can_focus = False
        self._input.focus()
        self._fill("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """List those that fit."""
        self._fill(event.value)

    def _fill(self, query: str) -> None:
        self._found = found(query, self._all)
        self._list.clear_options()
        self._list.add_options([Option(self._row(command)) for command in self._found])
        self._list.highlighted = 0 if self._found else None
        self._describe()

    def _row(self, command: Command) -> Text:
        idle = bool(self._idle(command))
        name = f"({command.name})" if idle else command.name
        if len(name) > NAME_WIDTH:
            name = f"{name[: NAME_WIDTH - 1]}…"
        noun, colon, verb = f"{name:<{NAME_WIDTH}}".partition(":")
        return Text.assemble(
            (f"{command.key:<{KEY_WIDTH}}", style("quiet" if idle else "key")),
            (noun + colon, style("quiet" if idle else "label")),
            (verb, style("quiet" if idle else "value")),
            (f"  {command.about}", style("quiet")),
        )

    def on_option_list_option_highlighted(self, _event: OptionList.OptionHighlighted) -> None:
        """Say what it does."""
        self._describe()

    def _describe(self) -> None:
        command = self._chosen()
        if command is None:
            self._about.update(
                Text("nothing of that name: fewer letters find more", style("label"))
            )
        elif why := self._idle(command):
            self._about.update(Text(why, style("message")))
        else:
            self._about.update(Text(command.about, style("text")))

    def _chosen(self) -> Command | None:
        index = self._list.highlighted
        return None if index is None or index >= len(self._found) else self._found[index]

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Do it."""
        if command := self._chosen():
            self.leave(command)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Do what was clicked."""
        self.leave(self._found[event.option_index])

    def action_choose(self, way: int) -> None:
        """The next one, or the one before."""
        if way > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()

    def action_page(self, way: int) -> None:
        """A page on, or back."""
        here, last = self._list.highlighted, len(self._found) - 1
        if here is not None:
            page = max(1, self._list.size.height - 1)
            self._list.highlighted = min(max(here + way * page, 0), last)
