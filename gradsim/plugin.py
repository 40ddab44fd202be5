"""The pytest plugin: scenarios as tests, and text frames to compare with stored ones.

pytest loads it wherever gradsim is installed, so it costs nothing until it is used: nothing here
imports NumPy, pydantic or Textual before a scenario is collected or a frame is drawn.
"""

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from gradsim.scenario.expectations import Outcome
    from gradsim.scenario.format import Scenario

SameFrame: TypeAlias = Callable[[str, str], None]
"""Compares a text with the one stored under a name."""

ScenarioFrames: TypeAlias = Callable[..., list[str]]
"""Frames of a scenario: `scenario_frames("lesson.toml", (80, 24))`."""

_TITLE = re.compile(r"^\s*title\s*=", re.MULTILINE)
_STEPS = re.compile(r"^\s*(\[\[\s*steps\s*\]\]|steps\s*=)", re.MULTILINE)
_CONTROL = re.compile(r"\s*(\[\s*control\b|control\s*[.=])")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The flag that stores frames anew."""
    group = parser.getgroup("gradsim")
    group.addoption(
        "--renew-frames", action="store_true", help="store text frames as they are drawn now"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    """A TOML file that is a scenario, right or wrong; any other is left alone."""
    if file_path.suffix == ".toml" and is_scenario(file_path):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


def is_scenario(path: Path) -> bool:
    """Whether a file looks like a scenario: it has a title, and steps."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return False
    return bool(_TITLE.search(text) and _STEPS.search(text))


class ScenarioFile(pytest.File):
    """A scenario: a test for each of its expectations, and one for its control.

    It is played once for all of them, and once more with its cure taken out, when the first test
    that needs it runs.
    """

    def collect(self) -> Iterable["ScenarioTest"]:
        """Its expectations in their order; a wrong file is an error with all sentences."""
        from gradsim.errors import InputError  # noqa: PLC0415
        from gradsim.scenario.expectations import claim  # noqa: PLC0415
        from gradsim.scenario.shelf import find  # noqa: PLC0415

        try:
            self.scenario: Scenario = find(str(self.path))
        except InputError as error:
            raise self.CollectError("\n".join(error.problems)) from None
        self._outcomes: dict[int, Outcome] | None = None
        for index, step in enumerate(self.scenario.steps):
            if words := claim(step):
                line = self.scenario.lines[index]
                yield Claim.from_parent(self, name=f"line {line}: {words}", line=line, step=index)
        if self.scenario.control:
            yield Control.from_parent(self, name="control", line=self.control_line())

    def control_line(self) -> int:
        """The line at which the control stands."""
        lines = self.path.read_text(encoding="utf-8-sig").splitlines()
        found = (
            k for k, line in enumerate(lines, 1) if re.match(r"\s*(\[control\]|control)", line)
        )
        return next(found, 1)

    def outcome(self, step: int) -> "Outcome":
        """What was measured at a step; the scenario is played when first this is asked."""
        if self._outcomes is None:
            from gradsim.scenario.check import check  # noqa: PLC0415

            self._outcomes = {found.step: found for found in check(self.scenario).outcomes}
        return self._outcomes[step]


class ScenarioTest(pytest.Item):
    """One thing that must hold of a scenario, at its line."""

    parent: ScenarioFile

    def __init__(self, *, line: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.line = line
        self.problem = ""
        """Why it does not hold."""

    def runtest(self) -> None:
        """Hold it against what is measured."""
        from gradsim.errors import InputError  # noqa: PLC0415

        try:
            self.problem = self.held_against()
        except InputError as error:
            self.problem = "\n".join(error.problems)
        if self.problem:
            raise AssertionError(self.problem)

    @abstractmethod
    def held_against(self) -> str:
        """A sentence where it does not hold; else nothing."""

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, and its line counted from 0."""
        return self.path, self.line - 1, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence with its file and line; a traceback only for what is no answer of a test."""
        if self.problem and excinfo.errisinstance(AssertionError):
            return f"{self.path}:{self.line}: {self.problem}"
        return super().repr_failure(excinfo, style)


class Claim(ScenarioTest):
    """An expectation."""

    def __init__(self, *, step: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.step = step

    def held_against(self) -> str:
        """What was measured, where it is not as expected."""
        outcome = self.parent.outcome(self.step)
        return "" if outcome.passed else outcome.words()


class Control(ScenarioTest):
    """With the cure taken out some expectation must fail."""

    def held_against(self) -> str:
        """That everything still holds, where it does."""
        from gradsim.scenario.check import check_control  # noqa: PLC0415

        result = check_control(self.parent.scenario)
        if result is None or result.failed:
            return ""
        held = ", ".join(f"{name} {value}" for name, value in result.hold.items())
        return f"control, {held} throughout: every expectation still holds, so they show nothing"


@pytest.fixture
def scenario_frames(request: pytest.FixtureRequest) -> ScenarioFrames:
    """Draws a scenario as the app shows it: `scenario_frames("lesson.toml", (80, 24))`.

    The name is that of a file beside the test, or of a scenario that comes with gradsim. A frame
    for each step and each page that is said; `markers` may be braille, block or ascii.
    """
    folder = request.path.parent

    def draw(name: str, size: tuple[int, int] = (80, 24), markers: str = "braille") -> list[str]:
        from gradsim.scenario.shelf import find  # noqa: PLC0415
        from gradsim.tui.headless import frames  # noqa: PLC0415

        path = folder / name
        return list(frames(find(str(path) if path.is_file() else name), *size, markers))

    return draw


@pytest.fixture
def same_frame(request: pytest.FixtureRequest) -> SameFrame:
    """Compares a text with the one stored as `frames/NAME.txt` beside the test.

    `pytest --renew-frames` stores it as it is drawn now.
    """
    folder = request.path.parent / "frames"
    renew = bool(request.config.getoption("--renew-frames"))

    def compare(name: str, screen: str) -> None:
        stored = folder / f"{name}.txt"
        if renew:
            folder.mkdir(exist_ok=True)
            stored.write_text(screen + "\n", encoding="utf-8")
        if not stored.exists():
            pytest.fail(f"no stored frame {stored}: make it with pytest --renew-frames")
        wanted = stored.read_text(encoding="utf-8").splitlines()
        if diff := _difference(wanted, (screen + "\n").splitlines()):
            pytest.fail(f"frame {name} has changed (renew with --renew-frames):\n{diff}")

    return compare


def _difference(wanted: Sequence[str], drawn: Sequence[str]) -> str:
    return "\n".join(unified_diff(wanted, drawn, "stored", "drawn now", lineterm=""))
