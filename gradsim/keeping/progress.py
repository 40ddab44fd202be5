"""How far one has come in each lesson: a file beside the sessions, shared by all apps."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from gradsim.keeping.files import write_whole
from gradsim.keeping.toml import key, table

_ABOUT = "# How far you have come in each lesson: gradsim writes it, `gradsim lessons` shows it.\n"


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one has come in a lesson."""

    done: int
    """Steps done, at the furthest."""
    of: int
    """Steps that it had then."""
    finished: bool = False
    """Whether it has been played to its end once."""

    @property
    def words(self) -> str:
        """`done`, or `begun, 12 of 37`."""
        return "done" if self.finished else f"begun, {self.done} of {self.of}"

    def left_at(self, steps: int) -> int:
        """Steps done where it was left halfway; 0 where it has other steps than the `steps` now."""
        return 0 if self.finished or self.of != steps else self.done


def read(path: Path) -> dict[str, Standing]:
    """What a file says, by the lesson's name. What cannot be read counts as not begun."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {name: found for name, raw in tables.items() if (found := _standing(raw))}


def _standing(raw: object) -> Standing | None:
    match raw:
        case {"done": int(done), "of": int(of), "finished": bool(finished)} if 0 <= done <= of:
            return Standing(done, of, finished)
    return None


def keep(path: Path, now: Mapping[str, Standing]) -> None:
    """Write how far one is, where that is further than what is known; else leave the file alone.

    It is read first, since another app may have written it. Raises InputError where that fails.
    """
    known = read(path)
    merged = known | {name: _further(known.get(name), found) for name, found in now.items()}
    if merged != known:
        tables = [table(key(name), asdict(found)) for name, found in sorted(merged.items())]
        write_whole(path, "\n".join([_ABOUT, *tables]).encode())


def _further(before: Standing | None, now: Standing) -> Standing:
    if before is None:
        return now
    # A lesson that has been changed since is counted anew; that it was finished once stays.
    done = max(before.done, now.done) if before.of == now.of else now.done
    return Standing(done, now.of, before.finished or now.finished)
