"""The panels of the main screen: which there are, how tall at a given size, what each shows."""

from collections.abc import Callable
from dataclasses import dataclass

from gradsim.tui.keys import Key
from gradsim.tui.settings import Settings, Tab
from gradsim.view import words
from gradsim.view.frame import Frame
from gradsim.view.history import history
from gradsim.view.lines import Line, Run, fitted, joined, length, wrapped_words
from gradsim.view.profile import profile
from gradsim.view.strip import strip
from gradsim.view.timeline import timeline

SMALLEST = (60, 18)
"""Width and height below which the app only says that it needs more room."""


Draw = Callable[[Frame, int, int, Settings], list[Line]]


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel: its name, what it draws into a width and a height, whether it holds plots."""

    name: str
    draw: Draw
    title: str = ""
    """What stands on its border; `layer` there is the noun of the lane."""
    plots: bool = False

    def titled(self, frame: Frame) -> str:
        """Its title for this frame."""
        return self.title.replace("layer", frame.lane.noun)


def _tabs(_frame: Frame, width: int, _height: int, settings: Settings) -> list[Line]:
    """Every view with its key, the one on screen in brackets; short names where room is."""
    ways: list[Callable[[Tab, bool], str]] = [
        lambda tab, _: tab.name,
        lambda tab, _: tab.brief,
        lambda tab, here: tab.brief if here else "",
    ]
    line: list[Run] = []
    for name in ways:
        line = []
        before = False
        for tab in settings.tabs:
            here = tab.name == settings.view
            line.append(("[" if here else "]" if before else " ", "tab-here" if here else ""))
            line.append((tab.key, "tab-here" if here else "key"))
            line.append((f" {name(tab, here)}".rstrip(), "tab-here" if here else "label"))
            before = here
        line.append(("]" if before else " ", ""))
        if length(line) <= width:
            break
    return [fitted(line, width)]


def _narration(frame: Frame, width: int, height: int, _: Settings) -> list[Line]:
    lines = wrapped_words(frame.view.narration, "narration", max(1, width - 2))
    blank = [fitted([], max(0, width - 2))] * height
    return [fitted((("▌ ", "title"), *line), width) for line in (lines + blank)[:height]]


def _foot(frame: Frame, width: int, _height: int, settings: Settings) -> list[Line]:
    parts = [_brief(key) for key in settings.keys if key.brief]
    own = len(parts)
    taken = {name for key in settings.keys for name in key.keys.split(",")}
    parts += [
        _brief(key)
        for key in settings.app_keys
        if key.brief
        and taken.isdisjoint(key.keys.split(","))
        and (frame.view.narration or key.group != "scenario")
    ]
    while len(parts) > own + 3 and length(joined(parts)) > width:
        # The last ones (views, help, quit) stay; those before them give way.
        del parts[-4]
    return [fitted(joined(parts), width)]


def _brief(key: Key) -> list[Run]:
    return [(key.shown, "key"), (f" {key.brief}", "label")]


PANELS: tuple[Panel, ...] = (
    Panel("header", lambda f, w, h, s: [words.header(f, w)]),
    Panel("tabs", _tabs),
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
    Panel("timeline", lambda f, w, h, s: [timeline(f, w)]),
    Panel("foot", _foot),
)
"""From top to bottom; profile and history stand side by side."""


def bordered(height: int) -> bool:
    """Whether there is room for a border around the network."""
    return height >= 30


def heights(height: int, narrated: bool) -> dict[str, int]:
    """Lines of each panel, borders included; what is left goes to the plots."""
    roomy, tall = height >= 22, height >= 34
    return {
        "header": 1,
        "tabs": 1 if roomy else 0,
        "narration": (3 if roomy else 2) if narrated else 0,
        "network": (9 if height >= 50 else 7) if tall else (5 if bordered(height) else 3),
        "verdict": 3 if tall else (2 if roomy else 1),
        "effect": 1,
        "layer": 1,
        "switches": 2,
        "timeline": 1 if roomy else 0,
        "foot": 1,
    }
