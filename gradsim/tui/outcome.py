"""What is said once an action has been carried out that could otherwise pass without a sign."""

import numpy as np

from gradsim.simulation.actions import Action, Back, Pin, Redo, Restart, Swap, Undo
from gradsim.simulation.session import Session

AT_START = "this is the start of the run: there is nothing before it"


def outcome(action: Action, session: Session) -> str:
    """What an action just done has come to, in a sentence; nothing where it shows by itself."""
    match action:
        case Back() if session.cursor == (0, 0):
            return AT_START
        case Restart():
            begun = session.run.begun
            why = "the same state" if session.run.origin else "the same seed"
            return f"again from step {begun}: {why}, so the same numbers will come"
        case Pin():
            return _pinned(session)
        case Swap() if session.pinned:
            numbers = session.run.number, session.pinned.run.number
            return "swapped: run {} is the live one now, run {} the pinned one".format(*numbers)
        case Undo():
            return "back in the run before the last switch; ⟨redo⟩ returns to the one behind it"
        case Redo():
            return "in the run behind the switch again; ⟨undo⟩ undoes it once more"
    return ""


def _pinned(session: Session) -> str:
    if session.pinned is None:
        return "nothing is pinned any more; ⟨pin⟩ pins the run of now"
    record = session.run.records[session.pinned.step]
    column = record.column("delta_norm")
    if column is None or not np.any(np.isfinite(column) & (column > 0)):
        return "pinned, but nothing of it can be drawn: its gradients are zero or not finite"
    step = session.run.begun + record.step
    return f"pinned at step {step}: switch, and it goes on beside; ⟨pin⟩ lets go of it"
