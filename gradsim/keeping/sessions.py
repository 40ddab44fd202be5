"""Sessions that are kept: what there is, and how one of them is gone on with."""

import os
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

from gradsim.errors import InputError
from gradsim.files import reason
from gradsim.keeping.files import short
from gradsim.keeping.narrated import has_comments
from gradsim.keeping.session_text import FORMAT
from gradsim.scenario import reading
from gradsim.scenario.format import Kept, Scenario
from gradsim.scenario.player import Player, has_action
from gradsim.scenario.steps import Run
from gradsim.simulation import state
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session

LONGEST = 2**25
"""Bytes that the file of a session may have."""

HEAD = 2**16
"""Bytes at the beginning of a file in which all but its actions stands."""

LONG_WAY = 300
"""Training steps from which on a session is opened from the state beside it, if there is one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A session in the folder, by the head of its file."""

    path: Path
    title: str
    saved: datetime
    running: bool
    """Whether the app that writes it is still open."""


def entries(folder: Path) -> list[Entry]:
    """The sessions in a folder, the latest first; what cannot be read is left out."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix == ".toml"]
    except OSError:
        return []
    found = [entry for path in paths if (entry := _entry(path))]
    return sorted(found, key=lambda entry: entry.saved, reverse=True)


def latest(folder: Path) -> Entry | None:
    """The session saved last of those that no app is open on; None where there is none.

    It does not read them all: the app waits for it when it opens.
    """
    try:
        written = sorted(
            ((path.stat().st_mtime_ns, path) for path in folder.glob("*.toml")), reverse=True
        )
    except OSError:
        return None
    found = (_entry(path) for _, path in written)
    return next((entry for entry in found if entry and not entry.running), None)


def _entry(path: Path) -> Entry | None:
    try:
        with path.open("rb") as file:
            text = file.read(HEAD).decode("utf-8", "replace")
        head = tomllib.loads(text.partition("\n[[steps]]")[0])
        kept, title = head["session"], head["title"]
        saved = datetime.fromisoformat(kept["saved"]).astimezone(UTC)
        return Entry(path, title, saved, _alive(kept.get("process")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _alive(process: Any) -> bool:
    """Whether a process of this number is there; where that cannot be asked, it is not."""
    if os.name != "posix" or not isinstance(process, int) or process <= 0:
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def ago(then: datetime, now: datetime) -> str:
    """How long ago something was, in words: `2 hours ago`."""
    seconds = max(0.0, (now - then).total_seconds())
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // length)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def find(name_or_path: str, folder: Path) -> Path:
    """The file of a session: by its path, or by its name in the folder. Raises InputError."""
    path = Path(name_or_path).expanduser()
    named = folder / f"{name_or_path}.toml"
    for candidate in (path, named):
        if _exists(candidate):
            return candidate
    raise InputError(
        f"{name_or_path}: there is no such file, and no session of this name in {short(folder)}"
    )


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long for a file, or with a zero byte in it
        return False


@dataclass(frozen=True, slots=True)
class Opened:
    """A session gone on with, and what is to be said of it."""

    session: Session
    said: str
    text: str = ""
    """The text of its file, where the session has done all that stands in it."""


Report = Callable[[int, int], None]
"""Told how many of how many steps have been made again."""


def open_file(
    path: Path, *, replay: bool = False, report: Report = lambda done, of: None
) -> Opened:
    """A session from the file that it was kept in, or from a state that was saved.

    A long session is opened from the state beside it, unless `replay` asks for all of it. Raises
    InputError, a sentence, where the file cannot be used.
    """
    if path.suffix == ".npz":
        saved = state.read(path)
        opened = Session(saved.experiment, saved.origin)
        said = f"{short(path)}: goes on from step {saved.origin.step}, where its history begins"
        return Opened(opened, said)
    called = short(path)
    _check_format(path, called)
    scenario = reading.read(path, called, LONGEST)
    kept = scenario.session
    if kept is None:
        raise InputError(f"{called} is a scenario, no session: gradsim play {called} plays it")
    changed = "; ".join(_changes(kept))
    text = path.read_text(encoding="utf-8-sig")
    words = any(not has_action(step) for step in scenario.steps) or scenario.control is not None
    # From a state one goes on without what was before it, and so without what was said there.
    whole = replay or _way(scenario) < LONG_WAY or words or has_comments(text)
    beside = None if whole else _from_state(path, kept, report)
    session = beside or _replayed(path, scenario, kept, report)
    said = f"goes on from {scenario.title}"
    if beside:
        begun = session.run.begun
        said += f"; its history begins at step {begun}, open --replay has all before"
    return Opened(session, f"{changed}; {said}" if changed else said, "" if beside else text)


def _check_format(path: Path, called: str) -> None:
    """Say of a file from a newer gradsim that it is one, before what is new in it is found wrong.

    Anything else that is wrong is for the reader to say.
    """
    try:
        found = re.search(rb"^format = (\d{1,9})\s*$", path.read_bytes()[:HEAD], re.MULTILINE)
    except OSError as error:
        raise InputError(f"{called} cannot be read: {reason(error)}") from None
    if found and int(found[1]) > FORMAT:
        raise InputError(
            f"{called} is from a newer gradsim (format {int(found[1])}, this one reads {FORMAT}): "
            "it is left as it is"
        )


def _changes(kept: Kept) -> Iterable[str]:
    """A sentence for each data file that is not as it was; one that is missing is said anyway."""
    for name, digest in kept.files.items():
        try:
            same = digest_of(Path(name)) == digest
        except OSError:
            continue
        if not same:
            yield f"{short(Path(name))} has changed since: the numbers will not be those of then"


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _way(scenario: Scenario) -> int:
    """About how many training steps it takes to do all of this again, at the most."""
    grains = {Grain.STEP: 1.0, Grain.PHASE: 0.2, Grain.LAYER: 0.02, Grain.OP: 0.01}
    ways = [step.run for step in scenario.steps if isinstance(step, Run)]
    return int(sum(grains[way.grain] * way.count for way in ways))


def _from_state(path: Path, kept: Kept, report: Report) -> Session | None:
    """A session from the state beside its file; None where there is none that fits."""
    if kept.state is None:
        return None
    file = path.with_name(Path(kept.state).name)
    try:
        saved = state.read(file)
        place = state.read_arrays(file).get("place")
        if place is None or place.tolist()[0] != kept.run:
            return None
        session = Session(saved.experiment, saved.origin)
    except InputError:
        return None
    # The state may be some steps older than the file: those are made again.
    left = kept.step - int(place.tolist()[1])
    if left < 0:
        return None
    for done in range(left):
        session.do(Advance(Grain.STEP))
        report(done, left)
    session.do(Advance(Grain.OP, kept.op))
    return session


def _replayed(path: Path, scenario: Scenario, kept: Kept, report: Report) -> Session:
    origin, experiment = None, scenario.experiment
    if kept.start is not None:
        saved = state.read(path.with_name(Path(kept.start).name))
        origin, experiment = saved.origin, saved.experiment
    session = Session(experiment, origin)
    player, way = Player(scenario, session=session), _way(scenario)
    while not player.finished:
        for _ in player.perform_next():
            report(session.cursor.step, way)
    return session
