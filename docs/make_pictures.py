"""Make the pictures of the app in this folder: `python docs/make_pictures.py [NAME ...]`.

Needs, beside gradsim, `pip install resvg_py pillow` and the fonts Fira Code and DejaVu Sans.
With names only those are made; `views` and `looks` stand for all of their kind.
"""

import asyncio
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import resvg_py
from PIL import Image
from threadpoolctl import threadpool_limits

from gradsim.experiment.experiment import Experiment
from gradsim.keeping.preferences import Preferences
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp
from gradsim.tui.views.map import MapView
from gradsim.tui.views.remedies import RemediesView

FOLDER = Path(__file__).parent

PIXELS = 8
"""Pixels of a picture across, for each column of the terminal."""

LEAST = 1000
"""Pixels of a picture across, at least."""

COLORS = 128
"""Colors of a picture: as many as can be told apart in it, in a third of the bytes."""

SIZES = ((80, 24), (120, 40), (200, 60))

Knobs = dict[str, object]

DEEP: Knobs = {}
SEQUENCE: Knobs = {
    "cell": "lstm", "data": "adding", "loss": "mean-squared-error", "width": 32, "forget-bias": 1.0,
}  # fmt: skip
TANH: Knobs = {"activation": "tanh"}
SPIRALS: Knobs = {
    "data": "two-spirals", "activation": "tanh", "depth": 6, "width": 32, "learning-rate": 0.1,
}  # fmt: skip
MODEST: Knobs = {"depth": 10, "width": 32, "batch-size": 32}

WAVE = [*["pagedown"] * 12, *["shift+right"] * 2, *["ctrl+right"] * 9]


class Shot(NamedTuple):
    """What is on a picture."""

    size: tuple[int, int]
    knobs: Knobs
    keys: list[str]
    """What is pressed."""
    looks: Mapping[str, str] = MappingProxyType({})
    """Settings of the app."""


VIEWS: dict[str, tuple[Knobs, list[str]]] = {
    "1-flow": (DEEP, WAVE),
    "2-layer": (TANH, ["pagedown"] * 3 + ["up"] * 2 + ["2"]),
    "3-why": (DEEP, ["pagedown"] * 25 + ["up"] * 6 + ["3"]),
    "4-weight": (TANH, ["pagedown"] * 5 + ["4", "m"] + ["plus"] * 3),
    "5-waterfall": (DEEP, ["5"] + ["pagedown"] * 60 + ["a"] + ["pagedown"] * 80),
    "6-compare": (DEEP, ["pagedown"] * 5 + ["p", "a", "i"] + ["pagedown"] * 60 + ["6"]),
    "7-data": (SPIRALS, ["pagedown"] * 300 + ["7"]),
    "8-remedies": (MODEST, ["pagedown", "8", "t"]),
    "9-map": (TANH | {"depth": 12, "width": 32}, ["pagedown", "9"]),
    "0-lessons": (DEEP, ["pagedown", "0", "down", "down"]),
}
"""Each view by its key and name, and what is pressed."""

SHOTS: dict[str, Shot] = {
    "gradsim": Shot((120, 40), DEEP, ["pagedown"] * 30 + ["a", "i"] + ["pagedown"] * 300),
    "vanishing-80x24": Shot((80, 24), DEEP, WAVE),
    "vanishing-200x60": Shot(
        (200, 60), DEEP, ["pagedown"] * 40 + ["shift+right"] * 2 + ["ctrl+right"] * 9
    ),
    "layer": Shot((120, 40), *VIEWS["2-layer"]),
    "compare": Shot((120, 40), *VIEWS["6-compare"]),
    "data": Shot((120, 40), *VIEWS["7-data"]),
    "why": Shot((120, 40), *VIEWS["3-why"]),
    "waterfall": Shot(
        (120, 40), DEEP,
        ["5"] + ["pagedown"] * 80 + ["a"] + ["pagedown"] * 100 + ["c"] + ["pagedown"] * 60,
    ),
    "weight": Shot((120, 40), *VIEWS["4-weight"]),
    "through-time": Shot(
        (120, 40), SEQUENCE, ["pagedown"] * 20 + ["shift+right"] * 2 + ["ctrl+right"] * 30
    ),
    "through-time-waterfall": Shot(
        (120, 40), SEQUENCE, ["pagedown"] * 90 + ["up"] * 9 + ["5"]
    ),
    "through-time-why": Shot((120, 40), SEQUENCE, ["pagedown"] * 20 + ["up"] * 30 + ["3"]),
    **{
        f"views/{name}-{width}x{height}": Shot((width, height), *shown)
        for name, shown in VIEWS.items()
        for width, height in SIZES
    },
    **{
        f"looks/{name}": Shot((80, 24), DEEP, WAVE, {name.split("-")[0]: name.split("-")[1]})
        for name in (
            "theme-dark", "theme-light", "theme-contrast", "theme-ansi", "markers-block",
            "markers-ascii",
        )
    },
}  # fmt: skip
"""Every picture by its name."""

PAGE = "pictures.md"
"""The page that shows the views and the looks."""


async def shoot(name: str) -> None:
    """Press the keys, wait for what they ask for, and write what is seen as a PNG."""
    size, knobs, keys, looks = SHOTS[name]
    preferences = Preferences()
    for setting, value in looks.items():
        preferences = preferences.having(setting, value)
    app = GradsimApp(
        Session(Experiment.of(knobs)), live=False, playing=False, preferences=preferences
    )
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        while True:
            for _ in range(200):
                await pilot.pause(0)
                app.advance(0.0)  # views go on with what they work out
            if not any(map(_works, app.panes.values())):
                break
            await asyncio.sleep(0.1)
        await pilot.pause(0)
        svg = app.export_screenshot(title="gradsim")
    path = FOLDER / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(picture(svg, max(LEAST, PIXELS * size[0])))


def _works(pane: object) -> bool:
    """Whether a view still waits for other processes."""
    if isinstance(pane, RemediesView):
        return pane.search is not None and not pane.search.over
    return isinstance(pane, MapView) and (pane.survey is None or not pane.survey.done)


def picture(svg: str, width: int = LEAST) -> bytes:
    """The drawing as a PNG, so many pixels across; the fonts have block characters and braille."""
    svg = svg.replace("Fira Code,monospace", "Fira Code, DejaVu Sans Mono, DejaVu Sans")
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg, font_family="Fira Code", monospace_family="Fira Code", width=width
    )
    out = BytesIO()
    with Image.open(BytesIO(bytes(drawn))) as image:
        # So that what is small keeps its color too.
        way = Image.Quantize.MAXCOVERAGE
        few = image.convert("RGB").quantize(COLORS, way, dither=Image.Dither.NONE)
        few.save(out, "PNG", optimize=True)
    return out.getvalue()


def page() -> str:
    """The text of the page with all views and looks."""
    lines = [
        "# Pictures",
        "",
        "Every view at three sizes of the terminal, and the first one in other themes and "
        "characters. Made by `python docs/make_pictures.py`.",
    ]
    for name in VIEWS:
        key, _, title = name.partition("-")
        lines += ["", f"## `{key}` {title}"]
        for width, height in SIZES:
            told = f"{title} at {width}x{height}"
            lines += ["", f"![{told}](views/{name}-{width}x{height}.png)"]
    lines += ["", "## Themes and characters"]
    for name in SHOTS:
        folder, _, look = name.rpartition("/")
        if folder == "looks":
            lines += ["", f"`{look.replace('-', ' = ')}`", "", f"![{look}]({name}.png)"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    wanted = sys.argv[1:]
    with threadpool_limits(1):
        for shot in SHOTS:
            if not wanted or shot in wanted or shot.partition("/")[0] in wanted:
                asyncio.run(shoot(shot))
    (FOLDER / PAGE).write_text(page(), encoding="utf-8")
