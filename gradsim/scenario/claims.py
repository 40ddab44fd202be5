"""What a scenario claims, and what has become of each claim so far."""

from collections.abc import Sequence
from dataclasses import dataclass

from gradsim.scenario.expectations import Outcome, claim
from gradsim.scenario.format import Scenario


@dataclass(frozen=True, slots=True)
class Claim:
    """An expectation in words; `passed` is None where it has not been measured yet."""

    sentence: str
    measured: str = ""
    passed: bool | None = None


def claims(scenario: Scenario, results: Sequence[Outcome] = ()) -> list[Claim]:
    """Every claim of a scenario in its order, with what was measured."""
    known = {outcome.step: outcome for outcome in results}
    out = []
    for index, step in enumerate(scenario.steps):
        if words := claim(step):
            outcome = known.get(index)
            out.append(Claim(words, outcome.measured, outcome.passed) if outcome else Claim(words))
    return out


def tally(found: Sequence[Claim]) -> str:
    """`3 claims: 2 held, 1 to come`."""
    parts = [
        (sum(claim.passed is True for claim in found), "held"),
        (sum(claim.passed is False for claim in found), "did not hold"),
        (sum(claim.passed is None for claim in found), "to come"),
    ]
    told = ", ".join(f"{count} {words}" for count, words in parts if count)
    return f"{len(found)} claim{'' if len(found) == 1 else 's'}: {told}" if told else "no claims"
