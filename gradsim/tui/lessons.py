"""Lessons inside the app: each with a driver of its own, beside that of the user's session."""

from pathlib import Path
from typing import TYPE_CHECKING

from gradsim.errors import InputError
from gradsim.keeping.progress import Standing
from gradsim.tui.driver import Driver

if TYPE_CHECKING:
    from gradsim.scenario.format import Scenario


class Lessons:
    """The driver of the user's own session while a lesson is on screen, and those of lessons left.

    A lesson that was left goes on where it stood; one that is over begins anew.
    """

    def __init__(self) -> None:
        self.own: Driver | None = None
        """The driver to go back to; None where no lesson has been opened from a session."""
        self._left: dict[str, Driver] = {}
        self._kept: set[str] = set()
        """Lessons of which it has been written down that they have ended."""

    def enter(self, scenario: "Scenario", now: Driver, done: int = 0) -> Driver:
        """The driver of a lesson; `now` is the one on screen, which is kept.

        `done` steps of it are done at once: those seen at another time.
        """
        self._put_away(now)
        known = self._left.get(scenario.name)
        if known is None or known.concluded:
            from gradsim.scenario.player import Player  # noqa: PLC0415
            from gradsim.tui.playback import Playback  # noqa: PLC0415

            player = Player(scenario)
            player.session.remember(now.session.budget)
            known = Driver(player.session, True, Playback(player))
            self._left[scenario.name] = known
        if done and known.playback:
            if known.playback.taken_over:
                known.go_on()
            known.playback.seek(done)
        known.playing = True
        return known

    def leave(self, now: Driver) -> Driver | None:
        """The driver of the user's own session; None where there is none."""
        own, self.own = self.own, None
        if own is not None:
            self._put_away(now)
            self.own = None
        return own

    def of(self, name: str, now: Driver) -> Driver | None:
        """The driver of a lesson that has been begun."""
        if now.playback and now.playback.player.scenario.name == name:
            return now
        return self._left.get(name)

    def keep(self, now: Driver, path: Path, *, over: bool = False) -> str:
        """Write down how far one is, where a lesson has ended since the last time, or all is over.

        Comes back with why it could not be written, in a sentence, or with nothing.
        """
        standings = self._standings(now)
        ended = {name for name, standing in standings.items() if standing.finished}
        if not standings or not (over or ended - self._kept):
            return ""
        from gradsim.keeping.progress import keep  # noqa: PLC0415
        from gradsim.scenario.shelf import shipped  # noqa: PLC0415

        self._kept |= ended
        known = shipped()
        try:
            keep(path, {name: found for name, found in standings.items() if name in known})
        except InputError as error:
            return error.problems[0]
        return ""

    def _standings(self, now: Driver) -> dict[str, Standing]:
        out = {}
        for driver in (now, *self._left.values()):
            if driver.playback:
                player = driver.playback.player
                steps = len(player.scenario.steps)
                standing = Standing(player.index, steps, player.finished)
                out[player.scenario.name] = standing
        return out

    def drivers(self) -> list[Driver]:
        """Those that can be gone back to: the user's own, and lessons."""
        return [*([self.own] if self.own else []), *self._left.values()]

    def _put_away(self, now: Driver) -> None:
        now.playing = False
        if now.playback:
            self._left[now.playback.player.scenario.name] = now
        else:
            self.own = now
