"""The screen that all views share."""

from collections.abc import Callable

from textual.screen import Screen


class Ground(Screen[None], inherit_bindings=False):
    """A screen without keys of its own: tab and the arrows mean what the views say.

    Its first picture is one with something in it: `begin` draws into the panels as soon as they
    have found their places, and says whether they have.
    """

    def __init__(self, begin: Callable[[], bool]) -> None:
        super().__init__(id="_default")
        self._begin = begin
        self._begun = False

    def _compositor_refresh(self) -> None:
        # A blank picture would take as long as a full one. What is not shown now stays marked.
        self._begun = self._begun or self._begin()
        if self._begun:
            super()._compositor_refresh()
