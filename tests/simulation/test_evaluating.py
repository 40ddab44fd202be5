"""How often held-out rows are measured, and that it comes back the same."""

from gradsim.experiment.experiment import Experiment
from gradsim.simulation.actions import Advance, Grain, Switch
from gradsim.simulation.budget import Budget
from gradsim.simulation.session import Session

SMALL = {"depth": 2, "width": 8, "batch-size": 16, "learning-rate": 0.3}


def test_held_out_rows_are_measured_every_so_many_steps_and_nothing_else_changes() -> None:
    every = [Session(Experiment.of({**SMALL, "evaluate-every": count})) for count in (1, 7, 1000)]
    for session in every:
        session.do(Advance(Grain.STEP, 40))
    each, some, none = ([r.held_out_accuracy for r in s.past()] for s in every)
    assert len(set(each)) > 10
    assert some == [each[step - step % 7] for step in range(40)]
    assert none == [each[0]] * 40
    assert len({tuple(r.loss for r in s.past()) for s in every}) == 1


def test_what_was_measured_before_a_switch_comes_back_with_the_records() -> None:
    """Of steps whose records were let go of, the last measurement before each may be far back."""

    def history(steps: int) -> list[float | None]:
        session = Session(Experiment.of({**SMALL, "evaluate-every": 4}), budget=Budget(steps=steps))
        session.do(Advance(Grain.STEP, 30))
        session.do(Switch({"evaluate-every": 50}))
        session.do(Advance(Grain.STEP, 25))
        session.do(Switch({"evaluate-every": 3}))
        session.do(Advance(Grain.STEP, 20))
        gathering = session.gathering()
        while True:
            try:
                next(gathering)
            except StopIteration as over:
                return [record.held_out_accuracy for record in over.value]

    wanted = history(4096)
    assert wanted[29:50] == [wanted[28]] * 21
    assert wanted[50] != wanted[49]
    assert wanted[50:57] == [wanted[50]] * 7
    assert history(8) == wanted
