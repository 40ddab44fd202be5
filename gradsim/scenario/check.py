"""Checking a scenario: played to its end, every expectation with what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradsim.scenario.expectations import Outcome
from gradsim.scenario.format import Scenario
from gradsim.scenario.player import Player


@dataclass(frozen=True, slots=True)
class Result:
    """A scenario played to its end."""

    scenario: Scenario
    hold: Mapping[str, Any]
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The expectations that do not hold."""
        return tuple(outcome for outcome in self.outcomes if not outcome.passed)


def check(scenario: Scenario) -> Result:
    """Play a scenario as it is. Training that leaves the number range is a result, no error."""
    return _played(scenario, {})


def check_control(scenario: Scenario) -> Result | None:
    """Play it with the cure taken out; None where it names no control. Some must then fail."""
    return _played(scenario, scenario.control.hold) if scenario.control else None


def _played(scenario: Scenario, hold: Mapping[str, Any]) -> Result:
    player = Player(scenario, hold)
    while not player.finished:
        player.do_next()
    return Result(scenario, hold, tuple(player.results))
