"""`gradsim open`: goes on with a session that was kept, or from a saved state, in the app."""

import click

from gradsim.cli.terminal import Progress, has_terminal
from gradsim.cli.threads import one_thread
from gradsim.errors import InputError


@click.command("open", short_help="Go on with a session that was kept, in the app.")
@click.argument("file", metavar="[FILE|NAME]", required=False)
@click.option(
    "--replay",
    is_flag=True,
    help="Make every step again, so that one can go back to it, however long that takes.",
)
def open_(file: str | None, replay: bool) -> None:
    """Go on with a session: its file, its name, or without either the last one.

    FILE may also be a state written by `gradsim run --save`. Sessions are kept by themselves;
    `gradsim locate` says where.
    """
    from gradsim.keeping.folders import sessions_folder  # noqa: PLC0415
    from gradsim.keeping.sessions import find, latest  # noqa: PLC0415

    folder = sessions_folder()
    if file is None:
        last = latest(folder)
        if last is None:
            raise InputError("no session has been kept yet: gradsim begins one")
        path = last.path
    else:
        path = find(file, folder)
    if not has_terminal():
        raise InputError("there is no terminal to open the app in")

    from gradsim.tui.opening import open_kept  # noqa: PLC0415

    progress = Progress()

    def report(done: int, of: int) -> None:
        if of and done % 50 == 0:
            progress.show(f"step {done} of {of} is made again")

    with one_thread():
        try:
            open_kept(path, replay=replay, report=report)
        finally:
            progress.clear()
