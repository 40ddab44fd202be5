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

DEEP: dict[str, object] = {}
SEQUENCE: dict[str, object] = {
    "cell": "lstm", "data": "adding", "loss": "mean-squared-error", "width": 32, "forget-bias": 1.0,
}  # fmt: skip
TANH: dict[str, object] = {"activation": "tanh"}
SPIRALS: dict[str, object] = {
    "data": "two-spirals", "activation": "tanh", "depth": 6, "width": 32, "learning-rate": 0.1,
}  # fmt: skip

SHOTS: dict[str, tuple[tuple[int, int], dict[str, object], list[str]]] = {
    "gradsim": ((120, 40), DEEP, ["pagedown"] * 30 + ["a", "i"] + ["pagedown"] * 300),
    "vanishing-80x24": (
        (80, 24), DEEP, ["pagedown"] * 12 + ["shift+right"] * 2 + ["ctrl+right"] * 9
    ),
    "vanishing-200x60": (
        (200, 60), DEEP, ["pagedown"] * 40 + ["shift+right"] * 2 + ["ctrl+right"] * 9
    ),
    "layer": ((120, 40), TANH, ["pagedown"] * 3 + ["up"] * 2 + ["2"]),
    "compare": (
        (120, 40), DEEP, ["pagedown"] * 5 + ["p", "a", "i"] + ["pagedown"] * 60 + ["6"]
    ),
    "data": (
        (120, 40), SPIRALS, ["pagedown"] * 300 + ["7"]
    ),
    "why": ((120, 40), DEEP, ["pagedown"] * 25 + ["up"] * 6 + ["3"]),
    "waterfall": (
        (120, 40), DEEP,
        ["5"] + ["pagedown"] * 80 + ["a"] + ["pagedown"] * 100 + ["c"] + ["pagedown"] * 60,
    ),
    "weight": ((120, 40), TANH, ["pagedown"] * 5 + ["4", "m"] + ["plus"] * 3),
    "through-time": (
        (120, 40), SEQUENCE, ["pagedown"] * 20 + ["shift+right"] * 2 + ["ctrl+right"] * 30
    ),
    "through-time-waterfall": ((120, 40), SEQUENCE, ["pagedown"] * 90 + ["up"] * 9 + ["5"]),
    "through-time-why": ((120, 40), SEQUENCE, ["pagedown"] * 20 + ["up"] * 30 + ["3"]),
}  # fmt: skip
"""Name, terminal size, knobs, and keys pressed."""


async def shoot(name: str) -> None:
    """Press the keys, and write what is seen as a PNG."""
    size, knobs, keys = SHOTS[name]
    app = GradsimApp(Session(Experiment.of(knobs)), live=False, playing=False)
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        for _ in range(200):
            await pilot.pause(0)
            app.advance(0.0)  # views go on with what they work out
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
