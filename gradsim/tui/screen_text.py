"""The screen as text."""

from collections.abc import Sequence

from textual.app import App
from textual.strip import Strip


def screen_text(app: App[None]) -> str:
    """What the screen shows, as lines of text without color or trailing blanks."""
    return "\n".join(strip.text.rstrip() for strip in strips(app))


def strips(app: App[None]) -> Sequence[Strip]:
    """What the screen shows, line by line, with its styles."""
    # The compositor is private to Textual; this is the only place that knows it.
    return app.screen._compositor.render_strips()
