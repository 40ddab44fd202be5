"""The file format of a scenario as a whole: what stands at its top, its control, its steps."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Any

from pydantic import Field

from gradsim.experiment.experiment import Experiment
from gradsim.scenario.parts import Index, Line, Part, Right, Settings, Text
from gradsim.scenario.steps import Step


class Control(Part):
    """The cure taken out: with these knobs held throughout, some expectation must fail."""

    hold: Settings
    """Knobs that keep these values, whatever the steps set; a knob held is held in every layer."""
    why: Text | None = None
    """Why something must fail then."""


class Kept(Part):
    """What a session that was saved holds beside its actions: where it stood, and when."""

    format: Index
    """The version of this table."""
    saved: Line
    """When it was written."""
    run: Index
    """The run it stood in."""
    step: Index
    """The training step it stood at."""
    op: Index
    """The ops done of that step."""
    process: Annotated[Index | None, Right("the number of a process")] = None
    """The process that still writes it."""
    start: Annotated[Line | None, Right("the name of an NPZ file beside this one")] = None
    """The state that it began with."""
    state: Annotated[Line | None, Right("the name of an NPZ file beside this one")] = None
    """A state on its way, from which it is opened sooner."""
    files: Annotated[dict[str, str], Right("a table of files and their SHA-256")] = Field(
        default_factory=dict
    )
    """The data files it has read, with their SHA-256."""


class Sheet(Part):
    """The top level of a file. Knobs and steps are looked at one by one, with their lines."""

    title: Line
    """What it is called."""
    about: Text | None = None
    """What it shows; the first sentence stands in lists."""
    source: Line | None = None
    """Where the matter is from: author and year."""
    part: Line | None = None
    """The part of a course that it belongs to."""
    order: Annotated[Index | None, Right("a whole number from 0 on")] = None
    """Its place in the course: lessons are listed by it."""
    minutes: Annotated[
        float | None, Field(gt=0, allow_inf_nan=False), Right("a number of minutes above 0")
    ] = None
    """How long it takes, about."""
    experiment: Annotated[
        dict[str, Any], Right("a table of knobs, such as [experiment] with depth = 20")
    ] = Field(default_factory=dict)
    """Network, data and training: knobs with their values; the others are as they come."""
    control: Annotated[
        Control | None, Right('a table such as [control] with hold = { activation = "sigmoid" }')
    ] = None
    """The scenario with its cure taken out."""
    session: Annotated[Kept | None, Right("the table that gradsim writes with a session")] = None
    """Where a session that was saved as this file stood."""
    steps: Annotated[
        list[Any], Field(min_length=1), Right('one [[steps]] table or more, such as say = "text"')
    ]
    """What is done, in its order."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario, read and found right: an experiment, and what is done with it step by step."""

    path: str
    """The file, as it was named."""
    title: str
    experiment: Experiment
    steps: tuple[Step, ...]
    lines: tuple[int, ...] = ()
    """The line of each step's key in the file."""
    about: str = ""
    source: str = ""
    part: str = ""
    """The part of a course that it belongs to."""
    order: int | None = None
    """Its place in a course."""
    minutes: float | None = None
    """How long it takes, about."""
    control: Control | None = None
    session: Kept | None = None
    """Where a session that was saved as this scenario stood."""

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return PurePath(self.path).stem

    def place(self, index: int) -> str:
        """Where a step stands, to begin a sentence with: `file.toml, line 12: step 3`."""
        line = f", line {self.lines[index]}" if index < len(self.lines) else ""
        return f"{self.path}{line}: step {index + 1}"
