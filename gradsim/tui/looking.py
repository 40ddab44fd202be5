"""When a view may look at the network of the session without disturbing what it is doing."""

from gradsim.simulation.events import Phase
from gradsim.simulation.run import Position
from gradsim.tui.driver import Driver


def costs_nothing(driver: Driver) -> bool:
    """Whether looking at the gradients of the step at the cursor is no detour for a run that plays.

    It is none where they are still to come, or have just come. A scenario is not held up.
    """
    if driver.follows_scenario:
        return False
    session = driver.session
    step, records = session.cursor.step, session.run.records
    plan = records[step].plan if step < len(records) else ()
    updates = [k for k, (phase, *_) in enumerate(plan) if phase is Phase.UPDATE]
    return not updates or session.run.end() <= Position(step, updates[0])
