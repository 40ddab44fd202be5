"""A session as a scenario: its experiment, then its actions, one step of the file for each."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, assert_never

from gradsim.experiment.experiment import Experiment
from gradsim.experiment.own_files import is_file, path_of
from gradsim.keeping import toml
from gradsim.keeping.narrated import carried_on
from gradsim.scenario.limits import MOST
from gradsim.simulation.actions import (
    Action,
    Advance,
    Back,
    Pin,
    Redo,
    Restart,
    Swap,
    Switch,
    Undo,
    Visit,
)
from gradsim.simulation.session import Session

FORMAT = 1
"""The format of the [session] table; a file with a higher one is from a newer gradsim."""


class Script:
    """The actions of a session as text. Each is written once, however often it is asked for.

    `past` is the text of the file that the session was opened from and begins with: it stays as it
    is, with all that was written into it by hand, and only what came after it is added.
    """

    def __init__(self, session: Session, past: str = "") -> None:
        self._session = session
        self._experiment = toml.table("experiment", knobs(session.runs[0].experiment_at(0)))
        self._past = past
        # A title that was made is made anew, one that was written by hand stays.
        self._own_title = past and tomllib.loads(past)["title"] != summary(session)
        self._had = list(session.actions) if past else []
        self._done = max(len(self._had) - 1, 0)
        self._text: list[str] = []

    def text(self, title: str, kept: Mapping[str, Any]) -> str:
        """The whole file; `kept` is its [session] table."""
        count = len(self._session.actions)
        # The last action may still grow, as moves of one kind are taken together.
        for index in range(self._done, count - 1):
            self._text += self._steps(index)
        self._done = max(self._done, count - 1)
        last = self._steps(count - 1) if count else []
        files = {"files": kept["files"]} if kept.get("files") else {}
        table = {name: item for name, item in kept.items() if name != "files" and item is not None}
        if self._past:
            made = None if self._own_title else title
            return carried_on(self._past, made, table | files, "\n".join([*self._text, *last]))
        return "\n".join(
            [
                f"title = {toml.value(title)}",
                'about = "A session: gradsim open goes on with it, gradsim play plays it."\n',
                toml.table("session", table | files),
                self._experiment,
                *self._text,
                *last,
            ]
        )

    def _steps(self, index: int) -> list[str]:
        """An action as steps, without what of it stands in the past already."""
        action = self._session.actions[index]
        if index < len(self._had):
            had = self._had[index]
            if not (isinstance(action, Advance | Back) and isinstance(had, Advance | Back)):
                return []
            action = replace(action, count=action.count - had.count)
        return list(steps(action))


def knobs(experiment: Experiment) -> dict[str, Any]:
    """Every knob as it is written; a data file by its full path, wherever it is opened from."""
    return {name: _anywhere(name, setting) for name, setting in experiment.settings().items()}


def _anywhere(name: str, setting: Any) -> Any:
    if name == "data" and is_file(str(setting)):
        return str(path_of(str(setting)).absolute())
    return setting


def steps(action: Action) -> Iterator[str]:
    """An action as steps of a scenario: several where one would go too far."""
    match action:
        case Advance(grain, count) | Back(grain, count):
            verb = "run" if isinstance(action, Advance) else "back"
            while count > 0:
                yield _step(verb, {f"{grain}s": min(count, MOST)})
                count -= MOST
        case Switch(changes):
            yield _step("set", {name: _anywhere(name, item) for name, item in changes.items()})
        case Visit(run, position):
            there = {} if position is None else {"step": position.step, "op": position.op}
            yield _step("visit", {"run": run, **there})
        case Restart() | Pin() | Swap() | Undo() | Redo():
            yield _step(_VERBS[type(action)], True)
        case _:
            assert_never(action)


_VERBS: dict[type[Action], str] = {
    Restart: "again", Pin: "pin", Swap: "swap", Undo: "undo", Redo: "redo",
}  # fmt: skip


def _step(verb: str, what: Any) -> str:
    return f"[[steps]]\n{verb} = {toml.value(what)}\n"


def files_of(session: Session) -> list[Path]:
    """The data files that a session has read."""
    names = (segment.experiment.data for run in session.runs for segment in run.segments)
    return list(dict.fromkeys(path_of(name).absolute() for name in names if is_file(name)))


def summary(session: Session) -> str:
    """What a session is, in a few words: `20x64 sigmoid, step 431`."""
    e = session.experiment
    layers = f"{e.recurrent_layers}x" if e.recurrent_layers > 1 else ""
    size = f"{e.depth}x{e.width}" if e.cell == "none" else f"{e.cell} {layers}{e.width}"
    return f"{size} {e.activation}, step {session.run.begun + session.cursor.step}"
