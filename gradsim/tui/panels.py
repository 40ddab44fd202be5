"""The panels of the main screen: which there are, how tall at a given size, what each shows."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gradsim.tui.keys import SCENARIO, Key
from gradsim.tui.settings import Settings, Tab
from gradsim.view import words
from gradsim.view.frame import Frame
from gradsim.view.history import history
from gradsim.view.lines import Line, Run, fitted, joined, length, spread, unfilled, wrapped_words
from gradsim.view.played import progress
from gradsim.view.profile import profile
from gradsim.view.question import question
from gradsim.view.strip import strip
from gradsim.view.timeline import timeline
from gradsim.view.welcome import LAST_STEP, welcome

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
    """Every view with its key, the one on screen in brackets."""
    runs = [run for part in tab_parts(width, settings) for run in part]
    last = settings.tabs[-1].name == settings.view if settings.tabs else False
    return [fitted([*runs, ("]" if last else " ", "")], width)]


def tab_parts(width: int, settings: Settings) -> list[list[Run]]:
    """A tab for each view: its key and its name; short names where room asks for it."""
    ways: list[Callable[[Tab, bool], str]] = [
        lambda tab, _: tab.name,
        lambda tab, _: tab.brief,
        lambda tab, here: tab.brief if here else "",
    ]
    parts: list[list[Run]] = []
    for name in ways:
        parts = []
        before = False
        for tab in settings.tabs:
            here = tab.name == settings.view
            role = "tab-here" if here else ""
            parts.append(
                [
                    ("[" if here else "]" if before else " ", role),
                    (tab.key, role or "key"),
                    (f" {name(tab, here)}".rstrip(), role or "label"),
                ]
            )
            before = here
        if sum(map(length, parts)) < width:
            break
    return parts


def _narration(frame: Frame, width: int, height: int, _: Settings) -> list[Line]:
    if frame.view.asked:
        lines = question(frame.view.asked, max(1, width - 2), height)
    else:
        lines = wrapped_words(frame.view.narration, "narration", max(1, width - 2))
    blank = [fitted([], max(0, width - 2))] * height
    lines = (lines + blank)[:height]
    if frame.view.played and lines:
        # At the end of the last line, as far as the words leave room there.
        last = unfilled(lines[-1])
        told = progress(frame.view.played, width - 2 - length(last) - 3)
        lines[-1] = spread(last, [*told, (" ", "")], width - 2) if told else lines[-1]
    return [fitted((("▌ ", "title"), *line), width) for line in lines]


HINTS = (
    ("play", "play, pause"),
    ("knob('activation', 1)", "switch a part"),
    ("view('lessons')", "watch a lesson"),
    ("terms", "explain this"),
)
"""What a first start says: actions with a few words each."""


def _history(frame: Frame, width: int, height: int, settings: Settings) -> list[Line]:
    """The charts; at a first start, while they are empty, what to press."""
    if frame.view.first_start and frame.step < LAST_STEP:
        shown = {key.action: key.shown for key in settings.app_keys}
        shown |= {f"view('{tab.name}')": tab.key for tab in settings.tabs}
        return welcome([(shown[action], words) for action, words in HINTS], width, height)
    return history(frame, width, height, settings.markers, settings.chart, settings.charts)


def _foot(frame: Frame, width: int, _height: int, settings: Settings) -> list[Line]:
    parts = [brief(key, settings) for key in foot_keys(frame, width, settings)]
    return [fitted(joined(parts, ""), width)]


def foot_keys(frame: Frame, width: int, settings: Settings) -> list[Key]:
    """The keys at the foot, those of the view first."""
    mine = [
        key
        for key in settings.keys
        if not (settings.own_idle(key.action) and settings.yields(key.action))
    ]
    keys = [key for key in mine if key.brief]
    asked = frame.view.asked is not None and not frame.view.asked.answered
    taken = {name for key in mine for name in key.keys.split(",")}
    told = "answer" if asked else "return" if frame.view.taken_over else "next"
    common = [
        replace(key, brief=told) if key.action == "go_on" else key
        for key in settings.app_keys
        if key.brief
        and taken.isdisjoint(key.keys.split(","))
        and (frame.view.narration or frame.view.asked or key.group != SCENARIO)
    ]
    if keys:
        # In a lesson to go on comes first, whatever else a view can do; to choose before that.
        first = [key for key in common if key.action == "go_on" and not settings.idle(key.action)]
        keys[int(asked) : int(asked)] = first
        common = [key for key in common if key not in first]
    own = len(keys)
    keys += common
    while len(keys) > own + 3 and sum(length(brief(key, settings)) for key in keys) > width:
        # The last ones (find, views, help, quit) stay; those before them give way, then `find`.
        del keys[-5 if len(keys) > own + 4 else -4]
    return keys


def brief(key: Key, settings: Settings) -> list[Run]:
    """A key as the foot has it: in brackets where it makes no sense now."""
    if settings.why_idle(key):
        return [(f"({key.shown} {key.brief})", "quiet")]
    return [(f" {key.shown}", "key"), (f" {key.brief} ", "label")]


PANELS: tuple[Panel, ...] = (
    Panel("header", lambda f, w, h, s: [words.header(f, w)]),
    Panel("tabs", _tabs),
    Panel("narration", _narration),
    Panel("network", lambda f, w, h, s: strip(f, w, h), title="network"),
    Panel(
        "profile",
        lambda f, w, h, s: profile(f, w, h, s.markers, s.charts),
        title="gradient by layer",
        plots=True,
    ),
    Panel(
        "history",
        _history,
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


BESIDE = "why"
"""The view that stands beside the flow where there is room for two."""


def side_by_side(width: int, height: int) -> bool:
    """Whether there is room for two views."""
    return width >= 180 and height >= 50


def heights(height: int, narrated: bool, asked: int = 0) -> dict[str, int]:
    """Lines of each panel, borders included; what is left goes to the plots.

    A question that would take `asked` lines gets as many of them as leave some for the plots; on
    a small screen switches and timeline make room for it.
    """
    roomy, tall = height >= 22, height >= 34
    words = 3 if roomy else 2
    # Where there is little room, what a question needs is not taken from the plots.
    spare = 0 if asked and narrated and not bordered(height) else 1
    return {
        "header": 1,
        "tabs": 1 if roomy else 0,
        "narration": max(words, min(asked, height // 3)) if narrated else 0,
        "network": (9 if height >= 50 else 7) if tall else (5 if bordered(height) else 3),
        "verdict": 3 if tall else (2 if roomy else 1),
        "effect": 1,
        "layer": 1,
        "switches": 2 * spare,
        "timeline": spare if roomy else 0,
        "foot": 1,
    }
