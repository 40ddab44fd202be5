"""Reading a scenario: every problem of a file at once, each with its line."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gradsim.errors import InputError, nearest
from gradsim.experiment.build import check, load_data
from gradsim.experiment.experiment import Experiment
from gradsim.scenario.expecting import TAGS
from gradsim.scenario.format import Scenario, Sheet
from gradsim.scenario.lines import Place, line_numbers, line_of
from gradsim.scenario.parts import Part, Right, TogetherError
from gradsim.scenario.player import not_held
from gradsim.scenario.reach import changed, misplaced
from gradsim.scenario.steps import STEPS, Step
from gradsim.scenario.words import plain, shown

PartT = TypeVar("PartT", bound=Part)

LONGEST = 2**20
"""Bytes that a scenario file may have."""

MOVED = frozenset({"undo", "redo", "again", "visit"})
"""Steps that lead to another run."""


STATE = b"experiment.npy"
"""The array that makes an archive a saved state."""

ARCHIVE = b"PK\x03\x04"
"""What an .npz file begins with."""


def read(path: Path, called: str = "", longest: int = LONGEST) -> Scenario:
    """The scenario in a file; `called` is what the file is called in sentences.

    Raises InputError with a sentence for each problem found.
    """
    called = called or str(path)
    return parse(_text(path, called, longest), called)


def read_experiment(path: Path, called: str = "") -> Experiment:
    """The experiment in a file with an [experiment] table; what else stands in it is left alone.

    A scenario is such a file. Raises InputError with a sentence for each problem found.
    """
    called = called or str(path)
    text = _text(path, called)
    return _Reader(called, text, _tables(text, called)).experiment()


def _text(path: Path, called: str, longest: int = LONGEST) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(longest + 1)
    except FileNotFoundError:
        raise InputError(f"{called}: there is no such file") from None
    except IsADirectoryError:
        raise InputError(f"{called} is a directory; a scenario is a TOML file") from None
    except OSError as error:
        raise InputError(f"{called} cannot be read: {(error.strerror or '').lower()}") from None
    if len(content) > longest:
        raise InputError(f"{called} is longer than a scenario may be: {longest // 1024} KiB")
    if content.startswith(ARCHIVE):
        if STATE not in content:
            raise InputError(
                f"{called} is an archive, but must be a TOML file; data goes into --data, or as "
                'data = "my.npz" under [experiment]'
            )
        raise InputError(
            f"{called} is a saved state and no text: gradsim open {called} goes on with it, "
            f"gradsim run --load {called} trains it"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{called}, line {line}: byte 0x{content[error.start]:02x} is not UTF-8; "
            "save the file in UTF-8"
        ) from None


def parse(text: str, path: str) -> Scenario:
    """The scenario that a text in TOML declares; `path` is what it is called in sentences."""
    return _Reader(path, text, _tables(text, path)).scenario()


def _tables(text: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(_syntax(path, text, str(error))) from None
    except RecursionError:
        raise InputError(f"{path} is not valid TOML: it is nested too deeply") from None
    except ValueError as error:
        # tomllib lets pass what int() and date() say of a number or a date out of range.
        raise InputError(f"{path} is not valid TOML: {error}") from None


def _syntax(path: str, text: str, message: str) -> str:
    what, _, where = message.partition(" (at ")
    found = re.match(r"line (\d+)", where)
    line = int(found.group(1)) if found else text.rstrip().count("\n") + 1
    if what == r"Illegal character '\n'":
        what = "a string does not end on its line"
    return f"{path}, line {line}: not valid TOML: {what[:1].lower()}{what[1:]}"


class _Reader:
    """Goes through a file's tables and collects what is wrong with them."""

    def __init__(self, path: str, text: str, raw: dict[str, Any]) -> None:
        self.path = path
        self.raw = raw
        self.lines = line_numbers(text)
        self.problems: list[tuple[int, str]] = []

    def scenario(self) -> Scenario:
        """The scenario, or InputError with all problems in the order of their lines."""
        sheet = self._part(Sheet, self.raw, ())
        steps = [
            step
            for index, raw in enumerate(_list(self.raw.get("steps")))
            for step in self._step(raw, ("steps", index))
        ]
        experiment = self._walk({})
        hold = _table(_table(self.raw.get("control")).get("hold"))
        self._settings(experiment, hold, ("control", "hold"), "control.hold")
        if hold and not self.problems:
            self._walk(hold)
        if self.problems or not isinstance(sheet, Sheet):
            self.problems.sort(key=lambda problem: problem[0])
            raise InputError([sentence for _, sentence in self.problems])
        return Scenario(
            path=self.path,
            title=sheet.title,
            experiment=experiment,
            steps=tuple(steps),
            lines=tuple(
                line_of(self.lines, ("steps", index, *raw)) or 0
                for index, raw in enumerate(self.raw["steps"])
            ),
            about=sheet.about or "",
            source=sheet.source or "",
            part=sheet.part or "",
            order=sheet.order,
            minutes=sheet.minutes,
            control=sheet.control,
            session=sheet.session,
        )

    def experiment(self) -> Experiment:
        """The experiment alone, or InputError with all that is wrong with its table."""
        raw = self.raw.get("experiment")
        if not isinstance(raw, dict):
            found = "has no [experiment] table" if raw is None else "has no table `experiment`"
            raise InputError(f"{self.path} {found}; one with knobs, such as depth = 20, is right")
        experiment = self._settings(Experiment.of({}), raw, ("experiment",))
        if not self.problems:
            self._possible(experiment, ("experiment",), {})
        if self.problems:
            raise InputError([sentence for _, sentence in sorted(self.problems)])
        return experiment

    # -- keys and their kinds -------------------------------------------------------------------

    def _step(self, raw: Any, place: Place) -> list[Step]:
        """The step of a table; a list, since it is empty where the table is wrong."""
        if not isinstance(raw, dict):
            self._add(place, f"is {shown(raw)}, but must be a table")
            return []
        verbs = [key for key in raw if key in STEPS]
        for key in raw:
            if key not in STEPS:
                self._add((*place, key), f'there is no step "{plain(key)}"; {nearest(key, STEPS)}')
        if len(verbs) > 1:
            self._add(place, f"has {' and '.join(verbs)}, but a step does one thing: split it")
        elif not raw:
            self._add(place, f"is empty, but must have one of {', '.join(STEPS)}")
        parts = [self._part(STEPS[verb], {verb: raw[verb]}, place) for verb in verbs]
        return [part for part in parts if part is not None]

    def _part(self, model: type[PartT], raw: dict[str, Any], place: Place) -> PartT | None:
        """A table by its model, or None with the problems noted."""
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            seen = set()
            for problem in error.errors(include_url=False):
                keys, sentences = _translated(model, problem)
                # The members of a union complain each by itself about one value.
                if keys not in seen:
                    seen.add(keys)
                    for key, sentence in sentences:
                        self._add((*place, *keys, *([key] if key else [])), sentence)
            return None

    # -- knobs ----------------------------------------------------------------------------------

    def _walk(self, hold: Mapping[str, Any]) -> Experiment:
        """Apply what is set in the order of the steps, and give back the first experiment.

        Finds experiments that cannot be built and layers that do not exist. With `hold` these
        knobs keep their values, as they do in the control.
        """
        begun = len(self.problems)
        declared = _table(self.raw.get("experiment"))
        first = self._settings(Experiment.of({}), declared, ("experiment",))
        held = first.switch(hold)
        known = self._possible(held, ("control",) if hold else ("experiment",), hold)
        now, pinned = held, False
        for index, raw in enumerate(_list(self.raw.get("steps"))):
            place: Place = ("steps", index)
            step = _table(raw)
            if not MOVED.isdisjoint(step):
                # In another run another depth may hold: what is set there shows when it is played.
                break
            # After going back an earlier experiment may hold; what fits to it shows when played.
            known = known and "back" not in step
            pinned = pinned or "pin" in step
            for key, changes in changed(step, now.hidden_layers):
                free = not_held(changes, hold)
                now = self._settings(now, free, (*place, key), f"step {index + 1}")
                if free and known:
                    known = self._possible(now, (*place, key), hold)
            if len(self.problems) == begun:
                for keys, sentence in misplaced(step, now, pinned, bool(hold)):
                    self._add((*place, *keys), sentence)
        return first

    def _settings(
        self, experiment: Experiment, changes: dict[str, Any], place: Place, lead: str = ""
    ) -> Experiment:
        """The experiment with the changes that are right; the others are noted, one by one."""
        good: dict[str, Any] = {}
        # Values of single layers come last: whether a layer exists depends on the depth.
        for keys, value in sorted(_leaves(changes), key=lambda leaf: "." in ".".join(leaf[0])):
            name = ".".join(keys)
            line = line_of(self.lines, (*place, *keys))
            where = f"{self._file(line)}: {lead}" if lead else self._file(line)
            try:
                experiment.switch(good | {name: value}, where)
            except InputError as error:
                self.problems += [(line or 0, sentence) for sentence in error.problems]
            else:
                good[name] = value
        return experiment.switch(good)

    def _possible(self, experiment: Experiment, place: Place, hold: Mapping[str, Any]) -> bool:
        """Whether the network can be built; what stands against it is noted."""
        line = line_of(self.lines, place)
        lead = f"{_place_words(place)}: " if place[0] == "steps" else ""
        held = " with the knobs of the control held" if hold else ""
        try:
            check(experiment, load_data(experiment))
        except InputError as error:
            self.problems += [
                (line or 0, f"{self._file(line)}: {lead}{sentence}{held}")
                for sentence in error.problems
            ]
            return False
        return True

    # -- sentences ------------------------------------------------------------------------------

    def _file(self, line: int | None) -> str:
        return f"{self.path}, line {line}" if line else self.path

    def _add(self, place: Place, sentence: str) -> None:
        line = line_of(self.lines, place)
        whole = sentence.startswith("there is no ")
        words = _place_words(place[:-1] if whole else place)
        between = ": " if whole and words else " " if words else ""
        self.problems.append((line or 0, f"{self._file(line)}: {words}{between}{sentence}"))


def _place_words(place: Place) -> str:
    """`title`, `control.hold`, `step 3: run.steps`."""
    if len(place) > 1 and place[0] == "steps":
        keys = ".".join(str(key) for key in place[2:])
        return f"step {int(place[1]) + 1}" + (f": {keys}" if keys else "")
    return ".".join(plain(str(key)) for key in place)


def _translated(model: type[Part], problem: ErrorDetails) -> tuple[Place, list[tuple[str, str]]]:
    """The keys that lead to a problem, and what is to be said: (a further key, sentence) pairs."""
    keys: list[str] = []
    right = Right("something else")
    inner: type[Part] | None = model
    for key in problem["loc"]:
        if key in TAGS:
            continue
        fields = {field.alias: field for field in inner.model_fields.values()} if inner else {}
        field = fields.get(str(key))
        if field is None:
            break
        keys.append(str(key))
        kinds = list(_kinds(field.annotation))
        notes = [*field.metadata, *(n for kind in kinds for n in getattr(kind, "__metadata__", ()))]
        right = next((note for note in notes if isinstance(note, Right)), right)
        inner = next((k for k in kinds if isinstance(k, type) and issubclass(k, Part)), None)
    if problem["type"] == "extra_forbidden":
        unknown = str(problem["loc"][-1])
        known = [str(field.alias) for field in (inner or model).model_fields.values()]
        sentence = f'there is no key "{plain(unknown)}"; {nearest(unknown, known)}'
        return (*keys, unknown), [("", sentence)]
    if problem["type"] == "missing":
        return tuple(keys), [("", f"is missing; it must be {right.words}")]
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, TogetherError):
        return tuple(keys), cause.problems
    found = problem["input"]
    hint = nearest(found, right.known) if right.known and isinstance(found, str) else ""
    words = f"is {shown(found)}, but must be {right.words}"
    return tuple(keys), [("", words + (f"; {hint}" if hint.startswith("did") else ""))]


def _kinds(annotation: Any) -> Iterator[Any]:
    """An annotation and all that it is made of, the outermost first."""
    yield annotation
    for inner in get_args(annotation):
        yield from _kinds(inner)


def _leaves(table: Mapping[str, Any], keys: tuple[str, ...] = ()) -> list[tuple[Any, Any]]:
    """Every value within tables in tables, with the keys that lead to it."""
    return [
        leaf
        for key, value in table.items()
        for leaf in (
            _leaves(value, (*keys, str(key)))
            if isinstance(value, dict)
            else [((*keys, str(key)), value)]
        )
    ]


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
