"""The panel of all knobs: a list to choose from, each with its help, its choices, its effect."""

from collections.abc import Callable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gradsim.experiment.experiment import KNOBS, right
from gradsim.numbers import number
from gradsim.simulation.session import Session
from gradsim.tui.theme import style


class KnobScreen(ModalScreen[None]):
    """Enter opens a knob (its choices, or a field to type in); left and right go to neighbors."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("left", "neighbor(-1)", "previous"),
        Binding("right", "neighbor(1)", "next"),
    ]
    DEFAULT_CSS = """
    KnobScreen { align: center middle; background: $background 60%; }
    KnobScreen > Vertical {
        width: 78; max-width: 100%; height: 90%; max-height: 100%;
        border: round $accent; background: $background; padding: 0 1;
    }
    KnobScreen OptionList, KnobScreen OptionList:focus {
        height: 1fr; border: none; background: $background; padding: 0;
    }
    KnobScreen Input { display: none; border: round $secondary; height: 3; }
    KnobScreen Static { height: 4; color: $foreground; }
    """

    def __init__(self, session: Session, set_knob: Callable[[str, str], str]) -> None:
        super().__init__()
        self._session = session
        self._set = set_knob
        self._open: str | None = None
        """The knob whose choices are listed."""
        self._knob = next(iter(KNOBS))

    def compose(self) -> ComposeResult:
        """The list, a field to type in, and what is to be known of the knob."""
        self._list = OptionList()
        self._input = Input()
        self._about = Static()
        box = Vertical(self._list, self._input, self._about)
        box.border_title = "knobs"
        box.border_subtitle = "enter opens   left right neighbor   esc back"
        self._box = box
        yield box

    def on_mount(self) -> None:
        """List the knobs."""
        self._list_knobs()

    def _list_knobs(self) -> None:
        self._open = None
        self._box.border_title = "knobs"
        self._list.clear_options()
        self._list.add_options([Option(self._row(name), id=f"knob:{name}") for name in KNOBS])
        self._list.highlighted = list(KNOBS).index(self._knob)
        self._list.focus()
        self._describe()

    def _row(self, name: str) -> Table:
        value = self._session.experiment.value(name)
        key = KNOBS[name].key
        return _grid(
            (key, "key", 2),
            (name, "text", 20),
            (number(value) if isinstance(value, float) else str(value), "value", None),
        )

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say what the highlighted knob is."""
        # An event may arrive after the list has changed: its id says which list it is from.
        kind, _, name = (event.option_id or "").partition(":")
        if self._open is None and kind == "knob":
            self._knob = name
            self._describe()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open a knob, or take a choice."""
        kind, _, name = (event.option_id or "").partition(":")
        if (kind == "choice") != (self._open is not None):
            return
        if kind == "choice":
            self._apply(name)
            self._list_knobs()
        elif KNOBS[self._knob].choices and not KNOBS[self._knob].also:
            self._list_choices()
        else:
            self._input.value = str(self._session.experiment.value(self._knob))
            self._input.display = True
            self._input.focus()

    def _list_choices(self) -> None:
        knob, self._open = KNOBS[self._knob], self._knob
        self._box.border_title = self._knob
        self._list.clear_options()
        self._list.add_options(
            [
                Option(_grid((name, "value", 22), (formula, "label", None)), id=f"choice:{name}")
                for name, formula in knob.choices.items()
            ]
        )
        value = self._session.experiment.value(self._knob)
        names = list(knob.choices)
        self._list.highlighted = names.index(value) if value in names else 0

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed; where it is wrong, say so and leave the field open."""
        if not self._apply(event.value):
            self._input.display = False
            self._list_knobs()

    def action_neighbor(self, way: int) -> None:
        """To the neighbor of the highlighted knob's value."""
        if self._open is None and self.focused is self._list:
            knob, value = KNOBS[self._knob], self._session.experiment.value(self._knob)
            self._apply(str(type(value)(knob.neighbor(value, way))))
            index = list(KNOBS).index(self._knob)
            self._list.replace_option_prompt_at_index(index, self._row(self._knob))

    def action_back(self) -> None:
        """Close the field, the choices, or the panel."""
        if self._input.display:
            self._input.display = False
            self._list.focus()
            self._describe()
        elif self._open is not None:
            self._list_knobs()
        else:
            self.dismiss()

    def _apply(self, value: str) -> str:
        wrong = self._set(self._knob, value)
        self._describe(wrong)
        return wrong

    def _describe(self, wrong: str = "") -> None:
        knob = KNOBS[self._knob]
        text = Text(style=style("label"))
        if wrong:
            text.append(f"{wrong}\n", style("message"))
        text.append(f"{knob.help}; {right(self._knob)}\n", style("text"))
        text.append(f"switching it {knob.effect}", style("label"))
        self._about.update(text)


def _grid(*cells: tuple[str, str, int | None]) -> Table:
    table = Table.grid(padding=(0, 1))
    for _, _, width in cells:
        table.add_column(width=width, no_wrap=True)
    table.add_row(*(Text(text, style(role)) for text, role, _ in cells))
    return table
