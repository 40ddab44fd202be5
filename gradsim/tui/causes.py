"""The way to where NaN or infinity began, in slices, and what was found there."""

from collections.abc import Generator
from typing import TYPE_CHECKING

from gradsim.simulation.actions import Visit
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session

if TYPE_CHECKING:
    from gradsim.insight.first_cause import FirstCause

LOOKING = "looking for the first op that left the number range"


class Causes:
    """Searches a session for the first cause, and remembers the one it has gone to."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._cause: FirstCause | None = None
        self._place: tuple[int, Position] | None = None

    def go(self) -> Generator[None, None, str]:
        """Go there by an action; returns what is to be said."""
        from gradsim.insight.first_cause import finding  # noqa: PLC0415

        session = self._session
        cause = yield from finding(session)
        if cause is None:
            return "all is finite up to here: there is no NaN and no infinity"
        position = cause.position(len(session.run.records[cause.step].plan))
        yield from session.perform(Visit(session.run.number, position))
        yield from session.recalling()
        self._cause, self._place = cause, (session.run.number, position)
        return f"{cause.brief}; ⟨first-cause⟩ says more"

    def here(self) -> "FirstCause | None":
        """The cause that was found, where the session stands right behind it."""
        here = (self._session.run.number, self._session.cursor)
        return self._cause if here == self._place else None
