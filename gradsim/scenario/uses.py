"""Which lessons expect a quantity."""

from collections.abc import Iterator

from gradsim.insight.watch import parsed
from gradsim.scenario.expecting import Other
from gradsim.scenario.format import Scenario
from gradsim.scenario.limits import MOST
from gradsim.scenario.shelf import find, lessons
from gradsim.scenario.steps import Expect, Run


def quantities_in(scenario: Scenario) -> Iterator[str]:
    """The names of all quantities that a scenario expects, or compares with."""
    for step in scenario.steps:
        if isinstance(step, Run) and step.run.until:
            yield parsed(step.run.until, MOST).name
        if isinstance(step, Expect):
            yield step.expect.quantity
            side = step.expect.side(step.expect.comparison)
            if isinstance(side, Other):
                yield side.quantity


def lessons_with(name: str) -> list[str]:
    """The names of the lessons that expect a quantity, in the order in which they teach."""
    return [lesson for lesson in lessons() if name in quantities_in(find(lesson))]
