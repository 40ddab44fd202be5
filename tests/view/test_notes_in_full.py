"""Notes in full, and what the clip advisor says, at every width."""

import pytest
from helpers import experiment

from gradsim.insight.reckoning import ledger
from gradsim.insight.verdict import judge
from gradsim.simulation.session import Session
from gradsim.view.lines import plain
from gradsim.view.notes import notes


@pytest.mark.parametrize("width", [24, 60, 118])
def test_every_note_is_there_with_its_reason(width: int) -> None:
    session = Session(experiment(activation="tanh", initializer_gain=20.0, depth=5, width=16))
    verdict = judge(session.look(), session.experiment).explained(ledger(session))
    lines = notes(verdict, width)
    assert all(sum(len(text) for text, _ in line) == width for line in lines)
    told = " ".join(plain(lines).split())
    assert told.count("· ") == len(verdict.notes) > 0
    for note in verdict.notes:
        assert note.words in told
        assert note.reason
