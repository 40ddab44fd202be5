"""Where a session stood, so that a lesson can return there: to the bit, with its pinned run."""

from collections.abc import Sequence
from typing import NamedTuple

from gradsim.simulation.actions import Action, Pin, Visit
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session


class Mark(NamedTuple):
    """Where the session stood."""

    run: int
    position: Position
    pinned: int | None
    """The run that was pinned."""


def here(session: Session) -> Mark:
    """Where a session stands."""
    return Mark(session.run.number, session.cursor, _pinned(session))


def way_to(mark: Mark, session: Session) -> Sequence[Action]:
    """The actions that lead back to a mark: the run that was pinned there is pinned again."""
    actions: list[Action] = []
    pinned = _pinned(session)
    if pinned != mark.pinned:
        actions += [Pin()] if pinned is not None else []
        actions += [Visit(mark.pinned), Pin()] if mark.pinned is not None else []
    return [*actions, Visit(mark.run, mark.position)]


def _pinned(session: Session) -> int | None:
    return session.pinned.run.number if session.pinned else None
