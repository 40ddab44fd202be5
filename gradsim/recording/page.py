"""A film as one HTML page that plays it without a network: player, font and film are in it."""

from base64 import b64encode
from html import escape
from importlib.resources import files
from string import Template

from gradsim.recording.cast import cast
from gradsim.recording.film import Film
from gradsim.recording.font import font_file

_FOLDER = files("gradsim.recording")
_PLAYER = _FOLDER / "player"


def page(film: Film) -> bytes:
    """The page. The same film gives the same bytes."""
    text = Template((_FOLDER / "page.html").read_text("utf-8")).substitute(
        title=escape(film.title),
        about=escape(" ".join(film.about.split())),
        source=escape(f"Source: {film.source}" if film.source else ""),
        ink=film.ink,
        paper=film.paper,
        font=b64encode(font_file()).decode(),
        player_style=(_PLAYER / "asciinema-player.css").read_text("utf-8"),
        player_script=(_PLAYER / "asciinema-player.min.js").read_text("utf-8"),
        chapters="".join(
            f'<li><button type="button" data-seconds="{mark.seconds:g}">'
            f"{int(mark.seconds) // 60}:{int(mark.seconds) % 60:02d} {escape(mark.title)}"
            "</button></li>"
            for mark in film.chapters
        ),
        # In JSON this is the same character; in HTML it could end the script.
        cast=cast(film).decode().replace("<", "\\u003c"),
    )
    return text.encode()
