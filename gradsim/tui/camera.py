"""Takes pictures of the app: every cell of the screen with its colors, as plain values."""

from functools import lru_cache
from itertools import chain

from rich.cells import cell_len
from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.strip import Strip

from gradsim.recording.film import Cell, Look, Picture, Row, Shot
from gradsim.tui.screen_text import strips


class Camera:
    """Takes a picture of an app where it has changed. Rows that are the same are kept once."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._rows: dict[tuple[Segment, ...], Row] = {}
        self.shots: list[Shot] = []

    def look(self, seconds: float, caption: str) -> bool:
        """Keep what is seen; False where nothing has changed."""
        picture = self.picture()
        if self.shots and picture == self.shots[-1].picture:
            return False
        self.shots.append(Shot(seconds, picture, caption))
        return True

    def picture(self) -> Picture:
        """What is seen now."""
        return tuple(self._row(strip) for strip in strips(self._app))

    def _row(self, strip: Strip) -> Row:
        segments = tuple(strip)
        if segments not in self._rows:
            ground = self._app.current_theme
            row = chain.from_iterable(
                _cells(text, look(style or Style.null(), ground.foreground, ground.background))
                for text, style, _ in segments
            )
            self._rows[segments] = tuple(row)
        return self._rows[segments]


def _cells(text: str, look: Look) -> list[Cell]:
    cells: list[Cell] = []
    for character in text:
        match cell_len(character):
            case 0 if cells:  # an accent over the character before it
                cells[-1] = Cell(cells[-1].text + character, look)
            case 2:
                cells += [Cell(character, look), Cell("", look)]
            case _:
                cells.append(Cell(character, look))
    return cells


@lru_cache(maxsize=4096)
def look(style: Style, ink: str | None, paper: str | None) -> Look:
    """A style in plain values, on a ground of these colors."""
    above = _color(style.color, ink or "#ffffff")
    below = _color(style.bgcolor, paper or "#000000")
    if style.reverse:
        above, below = below, above
    if style.dim:
        above = blend_rgb(below, above, 0.5)
    return Look(above.hex, below.hex, bool(style.bold), bool(style.italic), bool(style.underline))


def _color(color: Color | None, default: str) -> ColorTriplet:
    if color is None or color.is_default:
        return Color.parse(default).get_truecolor()
    return color.get_truecolor()
