"""The screen that all views share."""

from textual.screen import Screen


class Ground(Screen[None], inherit_bindings=False):
    """A screen without keys of its own: tab and the arrows mean what the views say."""

    ready = False
    """Whether there is something to see: a blank picture would take as long as a full one."""

    def _compositor_refresh(self) -> None:
        # What is not shown now stays marked, and comes with the first picture.
        if self.ready:
            super()._compositor_refresh()
