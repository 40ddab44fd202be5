"""The screen as text."""

from textual.app import App


def screen_text(app: App[None]) -> str:
    """What the screen shows, as lines of text without color or trailing blanks."""
    # The compositor is private to Textual; this is the only place that knows it.
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)
