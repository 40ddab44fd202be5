"""The panels of the main screen: which there are, how tall at a given size, what each shows."""

from collections.abc import Callable
from dataclasses import dataclass

from gradsim.tui.keys import KEYS
from gradsim.view import words
from gradsim.view.frame import Frame
from gradsim.view.history import history
from gradsim.view.lines import Line, Run, fitted, joined, wrapped_words
from gradsim.view.plot import Markers
from gradsim.view.profile import profile
from gradsim.view.strip import strip

SMALLEST = (60, 18)
"""Width and height below which the app only says that it needs more room."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How panels are drawn, beside the frame."""

    markers: Markers = "braille"
    chart: int = 0
    """The first chart of the history."""


Draw = Callable[[Frame, int, int, Settings], list[Line]]


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel: its name, what it draws into a width and a height, whether it holds plots."""

    name: str
    draw: Draw
    title: str = ""
    plots: bool = False


def _narration(frame: Frame, width: int, height: int, _: Settings) -> list[Line]:
    lines = wrapped_words(frame.view.narration, "narration", max(1, width - 2))
    blank = [fitted([], max(0, width - 2))] * height
    return [fitted((("▌ ", "title"), *line), width) for line in (lines + blank)[:height]]


def _foot(frame: Frame, width: int, _height: int, _: Settings) -> list[Line]:
    parts: list[list[Run]] = [
        [(key.shown, "key"), (f" {key.brief}", "label")]
        for key in KEYS
        if key.brief and (frame.view.narration or key.group != "scenario")
    ]
    while len(parts) > 2 and sum(len(text) for text, _ in joined(parts)) > width:
        # The last two, help and quit, stay; those before them give way.
        del parts[-3]
    return [fitted(joined(parts), width)]


PANELS: tuple[Panel, ...] = (
    Panel("header", lambda f, w, h, s: [words.header(f, w)]),
    Panel("narration", _narration),
    Panel("network", lambda f, w, h, s: strip(f, w, h), title="network"),
    Panel(
        "profile",
        lambda f, w, h, s: profile(f, w, h, s.markers),
        title="gradient by layer",
        plots=True,
    ),
    Panel(
        "history",
        lambda f, w, h, s: history(f, w, h, s.markers, s.chart),
        title="history",
        plots=True,
    ),
    Panel("verdict", lambda f, w, h, s: words.verdict(f, w, h)),
    Panel("effect", lambda f, w, h, s: [words.effect(f, w)]),
    Panel("layer", lambda f, w, h, s: [words.layer(f, w)]),
    Panel("switches", lambda f, w, h, s: words.switches(f, w, h)),
    Panel("foot", _foot),
)
"""From top to bottom; profile and history stand side by side."""


def heights(height: int, narrated: bool) -> dict[str, int]:
    """Lines of each panel, borders included; what is left goes to the plots."""
    roomy, tall = height >= 22, height >= 34
    return {
        "header": 1,
        "narration": (3 if roomy else 2) if narrated else 0,
        "network": (9 if height >= 50 else 7) if tall else (5 if roomy else 3),
        "verdict": 3 if tall else (2 if roomy else 1),
        "effect": 1,
        "layer": 1,
        "switches": 2,
        "foot": 1,
    }
