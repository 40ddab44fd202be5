"""The font of pictures: DejaVu Sans Mono, so that they look the same on every machine."""

from importlib.resources import files

ADVANCE = 0.602
"""The width of a character, by the size of the font."""


def font_file() -> bytes:
    """The font as a TrueType file."""
    return (files("gradsim.recording.font") / "DejaVuSansMono.ttf").read_bytes()
