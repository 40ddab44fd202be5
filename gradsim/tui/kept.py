"""The dialogs about sessions: those that are kept, and a name to keep this one under."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gradsim.errors import InputError
from gradsim.keeping.files import short
from gradsim.keeping.keeper import UNNAMED
from gradsim.keeping.sessions import Entry, ago
from gradsim.tui.binding import bound
from gradsim.tui.keys import DIALOG_KEYS
from gradsim.tui.modal import Modal
from gradsim.tui.theme import style
from gradsim.view.key_words import Told

_BOX = """
    {0} {{ align: center middle; background: $background 60%; }}
    {0} > Vertical {{
        width: 78; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; background: $background; padding: 0 1;
    }}
    {0} OptionList, {0} OptionList:focus {{
        height: auto; max-height: 14; border: none; background: $background; padding: 0;
    }}
    {0} Input, {0} Input:focus {{
        border: round $secondary; height: 3; background: $background;
    }}
    {0} Static {{ height: auto; margin-top: 1; color: $foreground; }}
"""


class Dialog(Modal[int]):
    """A box in the middle that escape closes; it may come to the index of what was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = bound(DIALOG_KEYS, "dialog")


class ChoiceDialog(Dialog):
    """A list to choose one line from."""

    DEFAULT_CSS = _BOX.format("ChoiceDialog")

    def __init__(
        self,
        title: str,
        rows: Sequence[tuple[str, str, str]],
        about: str,
        enter: str,
        told: Told,
    ) -> None:
        """`rows` have a first word, what it is, and a remark; `enter` says what enter does."""
        super().__init__()
        self._told = told
        self._named, self._rows, self._about, self._enter = title, rows, about, enter

    def compose(self) -> ComposeResult:
        """The list, and a line about it."""
        wide = max((len(first) for first, _, _ in self._rows), default=0)
        self._list = OptionList(
            *(
                Option(
                    Text.assemble(
                        (first.ljust(wide + 2), style("key")),
                        (what, style("text")),
                        (f"  {remark}", style("label")),
                        no_wrap=True,
                        overflow="ellipsis",
                    )
                )
                for first, what, remark in self._rows
            )
        )
        box = Vertical(self._list, Static(Text(self._about, style("label"))))
        box.border_title = self._named
        box.border_subtitle = self._told(f"enter {self._enter}   ⟨dialog.back⟩ back")
        yield box

    def on_mount(self) -> None:
        """Begin with the first."""
        self._list.highlighted = 0 if self._rows else None
        self._list.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the one chosen."""
        self.leave(event.option_index)


class NameDialog(Dialog):
    """A field for the name under which the session is to be kept."""

    DEFAULT_CSS = _BOX.format("NameDialog")

    def __init__(self, folder: Path, keep: Callable[[Path], None], told: Told) -> None:
        """`keep` writes the session into a file; it raises InputError where that fails."""
        super().__init__()
        self._folder, self._keep, self._told = folder, keep, told

    def compose(self) -> ComposeResult:
        """The field, and where it goes."""
        self._input = Input(placeholder="a name, or a path that ends in .toml")
        self._about = Static(Text(f"goes to {short(self._folder)}", style("label")))
        box = Vertical(self._input, self._about)
        box.border_title = "keep this session as"
        box.border_subtitle = self._told("enter keeps it   ⟨dialog.back⟩ back")
        yield box

    def on_mount(self) -> None:
        """Let one type at once."""
        self._input.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep it; where that fails, say why and leave the field open."""
        try:
            self._keep(named(event.value, self._folder))
        except InputError as error:
            self._about.update(Text(error.problems[0], style("message")))
        else:
            self.leave()


def named(text: str, folder: Path) -> Path:
    """The file for a name that was typed: in the folder, or where its path leads.

    Raises InputError where it is no name.
    """
    text = text.strip()
    is_path = "/" in text or "\\" in text or text.endswith(".toml")
    wrong = text.startswith((".", UNNAMED)) and not is_path
    if not text or not text.isprintable() or wrong:
        raise InputError(f"a name is right, such as first-try; not one that begins with {UNNAMED}")
    if is_path:
        return Path(text).expanduser().with_suffix(".toml").absolute()
    return folder / f"{text}.toml"


def rows(found: Sequence[Entry], now: datetime | None = None) -> list[tuple[str, str, str]]:
    """Sessions as lines of a dialog: the name if it has one, what it is, and when it was saved."""
    now = now or datetime.now(UTC)
    return [
        (
            "" if entry.path.stem.startswith(UNNAMED) else entry.path.stem,
            entry.title,
            ago(entry.saved, now) + (", open in another window" if entry.running else ""),
        )
        for entry in found
    ]


def offer(last: Entry | None, key: str, now: datetime | None = None) -> str:
    """The quiet line that says which key opens the last session; empty where there is none."""
    if last is None:
        return ""
    when = ago(last.saved, now or datetime.now(UTC))
    return f"{key} opens the last session: {last.title}, {when}"
