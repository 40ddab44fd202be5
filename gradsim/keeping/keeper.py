"""The keeper: writes down a session while it goes on, so that nothing that happens loses it."""

import os
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from gradsim.errors import InputError
from gradsim.keeping.files import write_whole, write_with
from gradsim.keeping.session_text import FORMAT, Script, files_of, summary
from gradsim.nn.arrays import Array
from gradsim.simulation.actions import Advance
from gradsim.simulation.session import Session
from gradsim.simulation.state import arrays_of

SECONDS = 2.0
"""Between two savings; so much may be lost where the process is killed."""

STATE_RATE = 2**19
"""Bytes a second that savings of the state come to: a larger one is saved less often."""

STATE_FROM = 100
"""Training steps from which on the state is saved too."""

STATE_BYTES = 16 * 2**20
"""A larger state is not saved: it comes back from the actions."""

SHORTEST = 10
"""Training steps from which on a session is kept in which nothing but playing was done."""

FILES_KEPT = 30
"""Sessions without a name of their own that stay in the folder."""

UNNAMED = "session-"
"""How the files of sessions without a name of their own begin."""


@dataclass(frozen=True, slots=True)
class _Job:
    """What the worker writes: plain values, and arrays that nobody writes to any more."""

    script: str
    state: Mapping[str, Array] | None


@dataclass(slots=True)
class _Digests:
    """SHA-256 of data files, each made once."""

    files: list[Path]
    known: dict[str, str] = field(default_factory=dict)

    def complete(self) -> bool:
        """Make those that are missing; False where a file is not there any more."""
        from gradsim.keeping.sessions import digest_of  # noqa: PLC0415 (slow to load)

        for path in self.files:
            if str(path) not in self.known:
                try:
                    self.known[str(path)] = digest_of(path)
                except OSError:
                    return False
        return True


class Keeper:
    """Keeps one session in a file of its own, from its first action on.

    What costs time (writing, waiting for the disk) is done by a thread; `keep` takes well below a
    millisecond.
    """

    def __init__(
        self,
        session: Session,
        folder: Path,
        source: Path | None = None,
        now: datetime | None = None,
        past: str = "",
    ) -> None:
        """`source` is the file that the session was opened from, if it was, and `past` its text.

        That text is only given where all that the session has done stands in it.
        """
        now = now or datetime.now(UTC)
        self._source = source
        self.folder = folder
        self.path = folder / f"{UNNAMED}{now:%Y-%m-%d-%H%M%S}-{os.getpid()}.toml"
        self.problem = ""
        """Why the session could not be written the last time, in a sentence."""
        self._said = ""
        self._session = session
        self._past = past
        self._script = Script(session, past)
        self._digests = _Digests([])
        self._worker = ThreadPoolExecutor(1, "keeper")
        self._writing: Future[None] | None = None
        self._begun = self._shows()
        self._kept: tuple[Any, ...] = ()
        """What the file shows: the number of actions, the last one, and the cursor."""
        self._since_state = 0.0
        self._state_size = 0
        self._has_state = False
        count = 1
        while self.path.exists():
            # Two sessions of one process within a second.
            count += 1
            self.path = folder / f"{UNNAMED}{now:%Y-%m-%d-%H%M%S}-{os.getpid()}-{count}.toml"

    @property
    def worth_keeping(self) -> bool:
        """Whether anything has been done that one would miss.

        The app plays by itself: opening it and leaving it again must not push out the session
        that is offered.
        """
        if self._shows() == self._begun:
            return False
        acted = any(not isinstance(action, Advance) for action in self._session.actions)
        return acted or self._source is not None or self._session.cursor.step >= SHORTEST

    @property
    def file(self) -> Path:
        """The file that holds the session as it is now, once it has been written down."""
        return self._source if self._source and not self.worth_keeping else self.path

    @property
    def is_written(self) -> bool:
        """Whether there is a file that holds the session."""
        return self._source is not None or self.worth_keeping

    def written(self) -> str:
        """The text that holds the session once it is closed; empty where nothing was written."""
        if not self.worth_keeping:
            return self._past
        try:
            return self.path.read_text(encoding="utf-8")
        except OSError:
            return ""

    def keep(self, seconds: float = SECONDS) -> None:
        """Write down what has been done since the last time, which is so many seconds ago."""
        self._since_state += seconds
        if self._writing is not None and not self._writing.done():
            return
        shows = self._shows()
        if not self.worth_keeping or shows == self._kept:
            return
        self._kept = shows
        job = self._job(self.path, states=self._state_due(), over=False)
        self._writing = self._worker.submit(self._write, self.path, job)

    def trouble(self) -> str:
        """What is to be said of a saving that has failed; each failure is said once."""
        said, self._said = self.problem != self._said, self.problem
        return self.problem if said else ""

    def close(self) -> None:
        """Write down how it ended, and be done. The path is then that of the whole session."""
        self._worker.shutdown(wait=True)
        if self.worth_keeping:
            self._write(self.path, self._job(self.path, states=True, over=True))
            _tidy(self.folder, self.path)

    def keep_as(self, path: Path) -> None:
        """Write the session into another file as well. Raises InputError where that fails."""
        if not self._session.actions:
            raise InputError("nothing has been done yet that could be kept")
        if path.exists():
            raise InputError(f"there is a session named {path.stem} already: choose another name")
        had, self._has_state = self._has_state, False
        self._digests.files = files_of(self._session)
        self._digests.complete()
        job = self._job(path, states=True, over=True)
        self._has_state = had
        self._put(path, job)

    def _state_due(self) -> bool:
        return self._since_state * STATE_RATE >= self._state_size

    def _shows(self) -> tuple[Any, ...]:
        session = self._session
        last = session.actions[-1] if session.actions else None
        return len(session.actions), last, session.run.number, session.cursor

    def _job(self, path: Path, *, states: bool, over: bool) -> _Job:
        session = self._session
        self._digests.files = files_of(session)
        state = self._state() if states else None
        if state is not None:
            self._has_state, self._since_state = True, 0.0
        kept = {
            "format": FORMAT,
            "saved": datetime.now(UTC).isoformat(timespec="seconds"),
            "run": session.run.number,
            "step": session.cursor.step,
            "op": session.cursor.op,
            "process": None if over else os.getpid(),
            "start": _beside(path, "start").name if session.runs[0].origin else None,
            "state": _beside(path, "state").name if self._has_state else None,
            "files": dict(self._digests.known),
        }
        return _Job(self._script.text(summary(session), kept), state)

    def _state(self) -> dict[str, Array] | None:
        session = self._session
        if session.cursor.step < STATE_FROM or not (found := session.at_hand()):
            return None
        position, origin = found
        arrays = arrays_of(session.experiment, origin)
        self._state_size = sum(array.nbytes for array in arrays.values())
        if self._state_size > STATE_BYTES:
            return None
        return arrays | {"place": np.array([session.run.number, position.step])}

    def _write(self, path: Path, job: _Job) -> None:
        try:
            self._digests.complete()
            self._put(path, job)
            self.problem = ""
        except InputError as error:
            self.problem = error.problems[0]

    def _put(self, path: Path, job: _Job) -> None:
        # What the text names is there before it: the text is the last.
        origin = self._session.runs[0].origin
        start = _beside(path, "start")
        if origin and not start.exists():
            _write_arrays(start, arrays_of(self._session.runs[0].experiment_at(0), origin))
        if job.state is not None:
            _write_arrays(_beside(path, "state"), job.state)
        write_whole(path, job.script.encode())


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.stem}.{what}.npz")


def _write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    write_with(path, lambda file: np.savez(file, allow_pickle=False, **arrays))


def _tidy(folder: Path, own: Path) -> None:
    """Let go of the oldest sessions that nobody gave a name; what cannot be read is left alone."""
    from gradsim.keeping.sessions import entries  # noqa: PLC0415 (slow to load)

    unnamed = [e for e in entries(folder) if e.path.name.startswith(UNNAMED) and not e.running]
    for entry in unnamed[FILES_KEPT:]:
        if entry.path == own:
            continue
        for path in (entry.path, _beside(entry.path, "start"), _beside(entry.path, "state")):
            try:
                path.unlink(missing_ok=True)
            except OSError:
                break
