"""Make the pictures of the app in this folder: `python docs/make_pictures.py`.

Needs, beside gradsim, `pip install resvg_py` and the fonts Fira Code and DejaVu Sans.
"""

import asyncio
import sys
from pathlib import Path

import resvg_py
from threadpoolctl import threadpool_limits

from gradsim.experiment.experiment import Experiment
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp

FOLDER = Path(__file__).parent

SHOTS: dict[str, tuple[tuple[int, int], list[str]]] = {
    "gradsim": ((120, 40), ["pagedown"] * 30 + ["a", "i"] + ["pagedown"] * 300),
    "vanishing-80x24": ((80, 24), ["pagedown"] * 12 + ["shift+right"] * 2 + ["ctrl+right"] * 9),
    "vanishing-200x60": ((200, 60), ["pagedown"] * 40 + ["shift+right"] * 2 + ["ctrl+right"] * 9),
}
"""Name, terminal size and keys pressed."""


async def shoot(name: str) -> None:
    """Press the keys, and write what is seen as a PNG."""
    size, keys = SHOTS[name]
    app = GradsimApp(Session(Experiment.of({})), live=False, playing=False)
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        await pilot.pause(0)
        svg = app.export_screenshot(title="gradsim")
    (FOLDER / f"{name}.png").write_bytes(picture(svg))


def picture(svg: str) -> bytes:
    """The drawing as a PNG, with fonts that have block characters and braille."""
    svg = svg.replace("Fira Code,monospace", "Fira Code, DejaVu Sans Mono, DejaVu Sans")
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, font_family="Fira Code", monospace_family="Fira Code", width=1600
        )
    )


if __name__ == "__main__":
    with threadpool_limits(1):
        for shot in sys.argv[1:] or SHOTS:
            asyncio.run(shoot(shot))
