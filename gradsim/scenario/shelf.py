"""Finding scenarios: a file by its path, or one that comes with gradsim by its name."""

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from math import inf
from pathlib import Path

from gradsim.errors import InputError, nearest
from gradsim.experiment.experiment import Experiment
from gradsim.scenario.format import Scenario
from gradsim.scenario.reading import read, read_experiment

ENDING = ".toml"

ALL = "gradsim lessons names all"
"""Where the names of those that come with gradsim are too many for a sentence."""


def shipped() -> dict[str, Path]:
    """The scenarios that come with gradsim, by name, in the order of their names."""
    found = {}
    for entry in _folder().iterdir():
        if isinstance(entry, Path) and entry.suffix == ENDING:
            found[entry.stem] = entry
    return dict(sorted(found.items()))


def lessons() -> list[str]:
    """The names of the shipped scenarios by the `order` that they have in the course.

    Those without one come behind, in the order of their names.
    """
    known = shipped()
    return sorted(known, key=lambda name: (_order(known[name]), name))


def _order(path: Path) -> float:
    """The place in the course that stands at the top of a file, without reading all of it."""
    head = path.read_text(encoding="utf-8").partition("\n[")[0]
    try:
        order = tomllib.loads(head).get("order")
    except tomllib.TOMLDecodeError:
        return inf
    return order if isinstance(order, int) else inf


def find(name_or_path: str) -> Scenario:
    """The scenario in a file, or the shipped one of this name, with or without its ending.

    Raises InputError where there is none, and where the file is not right.
    """
    known = shipped()
    path = Path(name_or_path)
    name = name_or_path.removesuffix(ENDING)
    _refuse(path, name_or_path)
    # A directory that is called like a scenario does not hide it.
    if _exists(path) and not (path.is_dir() and name in known):
        found = read(path, name_or_path)
        if found.session and found.session.start:
            raise InputError(
                f"{name_or_path} is a session that begins with a saved state: gradsim open "
                f"{name_or_path} goes on with it"
            )
        return found
    if name in known:
        return read(known[name], name + ENDING)
    raise InputError(
        f"{name_or_path}: there is no such file, and no scenario of this name; "
        f"{nearest(path.name.removesuffix(ENDING), known, ALL)}"
    )


def find_experiment(name_or_path: str) -> Experiment:
    """The experiment in a TOML file with an [experiment] table, or of a shipped scenario.

    Raises InputError as `find` does.
    """
    path = Path(name_or_path)
    _refuse(path, name_or_path)
    if _exists(path) and not path.is_dir():
        return read_experiment(path, name_or_path)
    return find(name_or_path).experiment


def is_there(name_or_path: str) -> bool:
    """Whether there is a file of this path."""
    return _exists(Path(name_or_path))


def _refuse(path: Path, name: str) -> None:
    """Raises InputError for what can only be data: its mistakes in TOML would say nothing.

    And for no name at all, as of a variable of the shell that is not set.
    """
    if not name:
        raise InputError(
            '"" names no file: the path of a TOML file is right, or a scenario\'s name'
        )
    if path.suffix == ".csv" and _exists(path):
        raise InputError(
            f"{name} is data, but must be a TOML file; data goes into --data, or as "
            'data = "my.csv" under [experiment]'
        )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long for a file, or with a zero byte in it
        return False


def _folder() -> Traversable:
    """`gradsim/scenarios` where gradsim is installed, `scenarios` beside it in a checkout."""
    package = files("gradsim")
    installed = package / "scenarios"
    if installed.is_dir():
        return installed
    checkout = Path(str(package)).parent
    # A folder of this name beside an installed gradsim would be somebody else's.
    return checkout / "scenarios" if (checkout / "pyproject.toml").is_file() else package
