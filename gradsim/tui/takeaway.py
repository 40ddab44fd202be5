"""What the keys of sessions and exports do: dialogs, and what is said after them."""

import shlex
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from gradsim.errors import InputError
from gradsim.keeping.commands import open_command, run_command
from gradsim.keeping.exports import KINDS, Screen, export, exported, exporting
from gradsim.keeping.folders import sessions_folder
from gradsim.keeping.sessions import entries
from gradsim.simulation.session import Session
from gradsim.tui.kept import ChoiceDialog, NameDialog, rows
from gradsim.tui.screen_text import screen_text

if TYPE_CHECKING:
    from gradsim.tui.desk import Desk

NOT_KEPT = "this session leaves no file behind"


def keep_as(app: "Desk") -> None:
    """Ask for a name, and keep the session under it."""
    keeper = app.keeper
    if keeper is None or not app.session.actions:
        app.say("nothing has been done yet that could be kept" if keeper else NOT_KEPT)
        return

    def keep(path: Path) -> None:
        keeper.keep_as(path)
        named = path.parent == sessions_folder() and shlex.quote(path.stem)
        app.say(f"kept: {f'gradsim open {named}' if named else open_command(path)}")

    app.push_screen(NameDialog(sessions_folder(), keep, app.keymap.told))


def choose_session(app: "Desk") -> None:
    """List the sessions that are kept; the one chosen is opened in place of this one."""
    folder = sessions_folder()
    own = app.keeper.path if app.keeper else None
    found = [entry for entry in entries(folder) if entry.path != own]
    if not found:
        app.say("no other session has been kept yet; this one is kept by itself")
        return

    def take(index: int | None) -> None:
        if index is not None:
            app.wanted = found[index].path
            app.exit()

    about = "the one on screen stays kept"
    app.push_screen(ChoiceDialog("sessions", rows(found), about, "opens it", app.keymap.told), take)


def copy_command(app: "Desk") -> None:
    """Put the command that computes this state into the clipboard, and show it."""
    command = run_command(app.session)
    if not command and app.keeper and app.keeper.is_written:
        app.keeper.keep()
        command = open_command(app.keeper.file)
    if command:
        app.copy_to_clipboard(command)
        app.say(f"copied: {command}")
    else:
        app.say(NOT_KEPT)


def choose_export(app: "Desk") -> None:
    """List what can be written; the one chosen goes into the current folder."""
    kinds = list(KINDS)

    def take(index: int | None) -> None:
        if index is None:
            return
        seen = Screen(
            lambda: app.export_screenshot(title="gradsim"),
            lambda: screen_text(app),
        )
        kind, session = kinds[index], app.session
        if KINDS[kind].every_step and not session.run.records.whole:
            app.driver.errand(
                _writing(kind, seen, session),
                f"the numbers of all {session.cursor.step:,} steps are computed again for it",
            )
            app.redraw()
            return
        try:
            app.say(exported(export(kind, seen, session, Path.cwd())))
        except InputError as error:
            app.say(error.problems[0])

    listed = [(name, kind.about, "") for name, kind in KINDS.items()]
    about = "goes to the current folder, into a new file"
    app.push_screen(ChoiceDialog("export", listed, about, "writes it", app.keymap.told), take)


def _writing(kind: str, seen: Screen, session: Session) -> Generator[None, None, str]:
    """Write in slices; returns what is to be said."""
    return exported((yield from exporting(kind, seen, session, Path.cwd())))
