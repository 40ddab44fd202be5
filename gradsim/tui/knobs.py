"""The panel of all knobs: a list to choose from, each with its help, its choices, its effect."""

from collections.abc import Callable
from typing import ClassVar

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gradsim.errors import InputError
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.tui.about import about_choice, about_knob, about_place
from gradsim.tui.binding import bound
from gradsim.tui.driver import Driver
from gradsim.tui.keys import PANEL_KEYS
from gradsim.tui.modal import Modal
from gradsim.tui.places import Place
from gradsim.tui.rows import BLANK, choice_row, groups, knob_row, place_row
from gradsim.tui.switching import Turn, inherited, turned, typed
from gradsim.view.key_words import Told

WIDTH = 78
"""Columns of the panel, where the terminal has them."""

FRAME = 4
"""Columns that its border and its padding take."""

ABOUT_LINES = 5

PLACE = "place"
"""The row that says where values are set; every other row is a knob's, by its name."""

TYPE = "type"
"""The choice that is none of the list: a value to be typed."""


class KnobScreen(Modal[None]):
    """Enter opens a knob (its choices, or a field to type in); left and right go to neighbors."""

    BINDINGS: ClassVar[list[BindingType]] = bound(PANEL_KEYS, "knob-list")
    DEFAULT_CSS = f"""
    KnobScreen {{ align: center middle; background: $background 60%; }}
    KnobScreen > Vertical {{
        width: {WIDTH}; max-width: 100%; height: 90%; max-height: 100%;
        border: round $accent; background: $background; padding: 0 1;
    }}
    KnobScreen OptionList, KnobScreen OptionList:focus {{
        height: 1fr; border: none; background: $background; padding: 0;
    }}
    KnobScreen Input {{ display: none; border: round $secondary; height: 3; }}
    KnobScreen Static {{ height: {ABOUT_LINES}; color: $foreground; }}
    """

    def __init__(
        self,
        driver: Driver,
        layer: int,
        take: Callable[[Turn], None],
        told: Told,
        opened: str = "",
    ) -> None:
        """`layer` is the one selected in the app; `take` makes a switch, or says why not.

        `opened` is a knob that it opens on.
        """
        super().__init__()
        self._driver = driver
        self._selected = layer
        self._take = take
        self._told = told
        self._keys = {
            name: told(f"⟨knob-{name}⟩") if knob.key else "" for name, knob in KNOBS.items()
        }
        self._place = Place()
        self._row = opened or next(iter(KNOBS))
        """The highlighted row: a knob, or `PLACE`."""
        self._opened = bool(opened)
        """Whether there is no list to go back to: it began with the choices of one knob."""
        self._open = ""
        """The knob whose choices are listed."""
        self._choice = ""
        """The highlighted one of them."""
        self._said = ""
        """What the last key came to, until the next one."""

    @property
    def _experiment(self) -> Experiment:
        return self._driver.experiment

    def compose(self) -> ComposeResult:
        """The list, a field to type in, and what is to be known of the knob."""
        self._list = OptionList()
        self._input = Input()
        self._about = Static()
        self._box = Vertical(self._list, self._input, self._about)
        yield self._box

    def on_mount(self) -> None:
        """List the knobs, or what one of them can be."""
        self._list_knobs()
        if self._opened:
            self._open_row()

    def on_resize(self, _event: Resize) -> None:
        """Break the help into lines of the new width."""
        self._describe()

    # -- what is listed ---------------------------------------------------------------------------

    def _list_knobs(self) -> None:
        if not self._place.exists(self._experiment.hidden_layers):
            self._place = Place()
        self._open = self._choice = ""
        blank = Option(BLANK, disabled=True)
        options = [Option(self._drawn(PLACE), id=f"row:{PLACE}")]
        for group in groups(self._place.knobs(self._experiment)):
            options.append(blank)
            options += [Option(self._drawn(name), id=f"row:{name}") for name in group]
        rows = [(option.id or "").removeprefix("row:") for option in options]
        if self._row not in rows:
            self._row = rows[2] if len(rows) > 2 else PLACE
        self._list.clear_options()
        self._list.add_options(options)
        self._list.highlighted = rows.index(self._row)
        self._list.focus()
        self._describe()

    def _list_choices(self, knob: str) -> None:
        self._open = knob
        choices, also = KNOBS[knob].choices, KNOBS[knob].also_words
        options = [
            Option(choice_row(name, formula), id=f"choice:{name}")
            for name, formula in choices.items()
        ]
        if KNOBS[knob].also:
            options.append(Option(choice_row("another", also), id=f"{TYPE}:{knob}"))
        value = self._place.values(self._experiment, knob)[0]
        names = list(choices)
        self._choice = value if value in names else names[0]
        self._list.clear_options()
        self._list.add_options(options)
        self._list.highlighted = names.index(self._choice)
        self._describe()

    def _drawn(self, row: str) -> Table:
        if row == PLACE:
            return place_row(self._place, self._goal(), self._keys, self._told)
        return knob_row(self._experiment, row, self._place, self._keys)

    def _draw_again(self) -> None:
        """One knob may bring others into use: every row is drawn anew."""
        for index in range(self._list.option_count):
            kind, _, row = (self._list.get_option_at_index(index).id or "").partition(":")
            if kind == "row":
                self._list.replace_option_prompt_at_index(index, self._drawn(row))
        self._describe()

    def _goal(self) -> Place:
        """Where `tab` goes: to the layer selected in the app, or back to all layers."""
        if self._place.layers:
            return Place()
        return Place.at(self._selected, self._experiment.hidden_layers)

    def _describe(self) -> None:
        width = min(WIDTH, self.app.size.width) - FRAME
        self._box.border_title = self._open or f"knobs of {self._place.words}"
        tab = f"⟨knob-list.go-to-layer⟩ {self._goal().words}"
        if self._open:
            away = "closes" if self._opened else "back"
            foot = f"enter takes it   ⟨knob-list.back⟩ {away}"
            text = about_choice(self._open, self._choice, width, ABOUT_LINES)
        else:
            marks = (
                "◆ own  ⟨knob-list.inherit⟩ not own" if self._place.layers else "* not the default"
            )
            arrows = "⟨knob-list.neighbor-back⟩ ⟨knob-list.neighbor⟩"
            foot = f"enter opens  {arrows} next  {tab}  {marks}  ⟨knob-list.back⟩ closes"
            if self._row == PLACE:
                text = about_place(self._experiment, self._said, width, ABOUT_LINES, self._told)
            else:
                text = about_knob(
                    self._experiment, self._row, self._place, self._said, width, ABOUT_LINES
                )
        self._box.border_subtitle = self._told(foot)
        self._about.update(text)

    # -- keys -------------------------------------------------------------------------------------

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say what the highlighted row is."""
        # An event may arrive after the list has changed: its id says which list it is from.
        kind, _, name = (event.option_id or "").partition(":")
        if kind == "row" and not self._open:
            if name != self._row:
                self._row, self._said = name, ""
        elif kind in ("choice", TYPE) and self._open:
            self._choice = name if kind == "choice" else "another"
        self._describe()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open a knob, or take a choice."""
        kind, _, name = (event.option_id or "").partition(":")
        if (kind == "row") == bool(self._open):
            return
        self._said, self._opened = "", False
        if kind == "choice":
            self._do(typed(self._driver.session, self._experiment, self._open, name, self._place))
            self._list_knobs()
        elif kind == TYPE:
            self._list_knobs()
            self._ask()
        else:
            self._open_row()

    def _open_row(self) -> None:
        if self._row != PLACE and KNOBS[self._row].choices:
            self._list_choices(self._row)
        else:
            self._ask()

    def _ask(self) -> None:
        place = self._row == PLACE
        self._input.value = (
            self._place.title
            if place
            # All of its digits: what is not touched must stay as it is.
            else str(self._place.values(self._experiment, self._row)[0])
        )
        self._input.border_title = "layer" if place else self._place.name(self._row)
        self._input.display = True
        self._input.focus()
        self._describe()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed; where it is wrong, say so and leave the field open."""
        if self._row == PLACE:
            try:
                self._go(Place.of(event.value, self._experiment.hidden_layers))
            except InputError as error:
                self._said = error.problems[0]
                self._describe()
                return
        else:
            turn = typed(
                self._driver.session, self._experiment, self._row, event.value, self._place
            )
            self._do(turn)
            if turn.message and not turn.changes:
                return
        self._close_field()

    def action_neighbor(self, way: int) -> None:
        """To the neighbor of the highlighted knob's value; on the first row, to another layer."""
        if self._open or self._input.display:
            return
        if self._row == PLACE:
            self._go(self._place.neighbor(way, self._experiment.hidden_layers))
        else:
            session, experiment = self._driver.session, self._experiment
            self._do(turned(session, experiment, self._row, way, self._place))

    def action_inherit(self) -> None:
        """Take the layer's own value away."""
        if self._open or self._input.display:
            return
        if self._row == PLACE:
            self._do(
                Turn(message="⟨knob-list.inherit⟩ takes away a layer's own value of a knob below")
            )
        else:
            session, experiment = self._driver.session, self._experiment
            self._do(inherited(session, experiment, self._row, self._place))

    def action_go_to_layer(self) -> None:
        """To the layer selected in the app, or back to all layers."""
        if not self._open and not self._input.display:
            self._go(self._goal())

    def action_back(self) -> None:
        """Close the field, the choices, or the panel."""
        self._said = ""
        if self._input.display:
            self._close_field()
        elif self._open and not self._opened:
            self._list_knobs()
        else:
            self.leave()

    def _go(self, place: Place) -> None:
        self._place, self._said = place, ""
        self._list_knobs()

    def _do(self, turn: Turn) -> None:
        self._take(turn)
        self._said = self._told(turn.message)
        self._draw_again()

    def _close_field(self) -> None:
        self._input.display = False
        self._list.focus()
        self._describe()
