"""The panel of settings: each with its value and its help; a change is kept at once."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from gradsim.errors import InputError
from gradsim.keeping.files import short
from gradsim.keeping.preferences import PREFERENCES, Preferences
from gradsim.keeping.settings_file import change
from gradsim.simulation.budget import MemoryUse
from gradsim.tui.binding import bound
from gradsim.tui.keys import SETTING_KEYS
from gradsim.tui.modal import Modal
from gradsim.tui.theme import style
from gradsim.view.key_words import Told


def turned_setting(preferences: Preferences, name: str, path: Path) -> tuple[Preferences, str]:
    """The settings with one of them at its next value, kept in the file; and what is to be said."""
    declared = PREFERENCES[name]
    value = declared.neighbor(preferences.value(name), 1)
    said = f"{name}: {value}, {declared.choices.get(str(value), declared.help)}"
    try:
        change(path, name, value)
    except InputError as error:
        said = f"{name}: {value}, for now only: {error.problems[0]}"
    return preferences.having(name, value), said


class PreferenceScreen(Modal[None]):
    """Enter, left and right go to another value; it holds at once, and is written to the file."""

    BINDINGS: ClassVar[list[BindingType]] = bound(SETTING_KEYS, "setting-list")
    DEFAULT_CSS = """
    PreferenceScreen { align: center middle; background: $background 60%; }
    PreferenceScreen > Vertical {
        width: 78; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; background: $background; padding: 0 1;
    }
    PreferenceScreen OptionList, PreferenceScreen OptionList:focus {
        height: auto; border: none; background: $background; padding: 0;
    }
    PreferenceScreen Static { height: 5; padding: 1 0 0 0; color: $foreground; }
    """

    def __init__(
        self,
        preferences: Preferences,
        path: Path,
        take: Callable[[Preferences], None],
        told: Told,
        used: Callable[[], MemoryUse],
    ) -> None:
        """`path` is the settings file; `take` makes the app follow the settings.

        `used` is what is held of the past now.
        """
        super().__init__()
        self._preferences = preferences
        self._path = path
        self._take = take
        self._told = told
        self._used = used
        self._said = ""
        """Why the last change has not been kept."""

    def compose(self) -> ComposeResult:
        """The list, and what is to be known of the setting."""
        self._list = OptionList(*(Option(self._row(name), id=name) for name in PREFERENCES))
        self._about = Static()
        box = Vertical(self._list, self._about)
        box.border_title = "settings"
        box.border_subtitle = self._told(
            "enter ⟨setting-list.neighbor-back⟩ ⟨setting-list.neighbor⟩ change   "
            "⟨setting-list.back⟩ closes"
        )
        yield box

    def on_mount(self) -> None:
        """Begin with the first setting."""
        self._list.highlighted = 0
        self._list.focus()

    @property
    def _chosen(self) -> str:
        return list(PREFERENCES)[self._list.highlighted or 0]

    def _row(self, name: str) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(width=16, no_wrap=True)
        table.add_column()
        value = self._preferences.value(name)
        shown = ("off", "on")[value] if isinstance(value, bool) else value
        table.add_row(Text(name, style("text")), Text(shown, style("value")))
        return table

    def on_option_list_option_highlighted(self, _event: OptionList.OptionHighlighted) -> None:
        """Say what the highlighted setting is."""
        self._said = ""
        self._describe()

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        """To the next value."""
        self.action_neighbor(1)

    def action_neighbor(self, way: int) -> None:
        """To the neighbor of the value, around the end; it is kept."""
        name, before = self._chosen, self._preferences.value(self._chosen)
        after = PREFERENCES[name].neighbor(before, way)
        self._said = f"{name} is {before}: there is no other" if after == before else ""
        if after != before:
            self._preferences = self._preferences.having(name, after)
            self._take(self._preferences)
            try:
                change(self._path, name, after)
            except InputError as error:
                self._said = f"for now only: {error.problems[0]}"
        index = list(PREFERENCES).index(name)
        self._list.replace_option_prompt_at_index(index, self._row(name))
        self._describe()

    def _describe(self) -> None:
        declared = PREFERENCES[self._chosen]
        value = self._preferences.value(self._chosen)
        help_text = declared.help
        if declared.choices:
            help_text += f"; {value}: {declared.choices[str(value)]}"
        if self._chosen == "memory":
            help_text += f". In use: {self._used().words()}"
        text = Text(f"{self._said}\n" if self._said else "", style("message"))
        text.append(f"{help_text}\n", style("text"))
        text.append(
            f"kept in {short(self._path)}, where keys can be set too: gradsim list keys",
            style("label"),
        )
        self._about.update(text)
