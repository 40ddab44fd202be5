"""Colors: readable for every eye that reads, and still told apart on a terminal of 16 colors."""

from collections.abc import Iterator

import pytest
from driving import MIDDLE, advance, app, press, running, text
from rich.color import Color, ColorSystem
from rich.style import Style

from gradsim.experiment.experiment import Experiment
from gradsim.keeping.preferences import THEMES as DECLARED
from gradsim.keeping.preferences import Preferences
from gradsim.simulation.session import Session
from gradsim.tui import theme as theming
from gradsim.tui.app import GradsimApp
from gradsim.tui.theme import STYLES, THEMES, style, styles
from gradsim.tui.themes.colors import contrast, parsed

ONLY_CURVES = {"previous"}
"""Roles that no text bears."""

COLORED = [name for name in THEMES if name != "ansi"]
"""Themes that bring their own colors; those of the last are the terminal's."""

TOGETHER = [
    ("live", "second", "ghost"),
    ("threshold", "second", "ghost"),
    ("forward", "live", "wave"),
    ("vanishing", "exploding", "healthy", "dead"),
    ("key", "label", "title"),
]
"""Roles that stand side by side."""


@pytest.fixture(autouse=True)
def _dark_again() -> Iterator[None]:
    yield
    theming.use("dark")


def shown(look: Style) -> Color:
    """What the eye sees of a style."""
    color = look.bgcolor or look.color
    assert color is not None
    return color


def test_the_settings_know_every_theme() -> None:
    assert list(DECLARED) == list(THEMES)


@pytest.mark.parametrize("name", COLORED)
@pytest.mark.parametrize("ground", ["background", "panel"])
def test_text_has_a_contrast_of_at_least_four_and_a_half(name: str, ground: str) -> None:
    plain = parsed(getattr(THEMES[name], ground))
    for role, look in styles(name).items():
        assert look.color is not None
        assert look.color.triplet is not None
        behind = look.bgcolor.triplet if look.bgcolor else None
        found = contrast(parsed(look.color.triplet.hex), parsed(behind.hex) if behind else plain)
        assert role in ONLY_CURVES or found >= 4.5, (role, found)
        if name == "contrast" and not behind:
            assert found >= 7.0, (role, found)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("together", TOGETHER)
def test_what_stands_together_differs_in_sixteen_colors(
    name: str, together: tuple[str, ...]
) -> None:
    looks = styles(name)
    seen = {
        (shown(looks[role]).downgrade(ColorSystem.STANDARD).number, looks[role].bold)
        for role in together
    }
    assert len(seen) == len(together)


@pytest.mark.parametrize("name", THEMES)
def test_nothing_is_without_a_color(name: str) -> None:
    # Where colors are taken away, Textual cannot do it to a style that has none.
    assert all(look.color is not None for look in styles(name).values())
    assert styles(name).keys() == STYLES.keys()


async def test_the_key_goes_through_the_themes_and_keeps_each() -> None:
    it = app(depth=4)
    async with running(it, MIDDLE) as pilot:
        advance(it, 2)
        for name in [*list(THEMES)[1:], "dark"]:
            before = style("live")
            await press(pilot, "T")
            assert it.preferences.theme == name
            assert it.theme == THEMES[name].name
            assert style("live") != before
            assert f"theme: {name}" in await text(pilot)


@pytest.mark.parametrize("name", COLORED)
async def test_the_ground_is_that_of_the_theme(name: str) -> None:
    it = GradsimApp(Session(Experiment.of({})), live=False, preferences=Preferences(theme=name))
    async with running(it, MIDDLE) as pilot:
        await pilot.pause(0)
        assert it.screen.styles.background.hex.lower() == THEMES[name].background
        assert it.query_one("#foot").styles.background.hex.lower() == THEMES[name].panel


@pytest.mark.parametrize("name", THEMES)
async def test_without_colors_every_theme_is_drawn(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    it = app(depth=4)
    it.preferences = Preferences(theme=name)
    async with running(it, MIDDLE) as pilot:
        advance(it, 2)
        await press(pilot, *"3")
        assert "why" in await text(pilot)
        drawn = uncolored(it)
        assert {text for text, style in drawn if style.reverse} >= {" ▼ VANISHING "}
        assert any(style.bold for _, style in drawn)
        assert name == "ansi" or any(style.dim for _, style in drawn)
        await press(pilot, "k")
        await pilot.pause(0)
        chosen = {text.strip() for text, style in uncolored(it) if style.reverse}
        assert "activation" in chosen


def uncolored(it: GradsimApp) -> list[tuple[str, Style]]:
    """What the screen sends, in its styles: none of them has a color."""
    out = []
    for strip in it.screen._compositor.render_strips():
        segments = list(strip)
        for wanted in it.get_line_filters():
            segments = wanted.apply(segments, it.screen.background_colors[1])
        out += [(segment.text, segment.style or Style.null()) for segment in segments]
    assert not any(style.color or style.bgcolor for _, style in out)
    return out
