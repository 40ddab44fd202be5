"""Terminals without braille, or with nothing but ASCII: every screen in what they have."""

import pytest
from driving import LARGE, MIDDLE, SMALL, SameFrame, advance, press, running, text
from hypothesis import given
from hypothesis import strategies as st

from gradsim.cli import looks
from gradsim.experiment.experiment import Experiment
from gradsim.keeping.preferences import MARKERS, THEMES, Preferences
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp
from gradsim.tui.views import VIEWS
from gradsim.view.plot import Markers
from gradsim.view.signs import in_ascii

BRAILLE = range(0x2801, 0x2900)

LISTS = ("k", "comma", "question_mark", "b", "ctrl+o", "ctrl+e")
"""Keys that open something over the view."""


def app(markers: Markers) -> GradsimApp:
    knobs = {"depth": 5, "width": 8, "batch-size": 16, "activation": "tanh", "data": "blobs"}
    experiment = Experiment.of({**knobs, "clip": "global-norm"})
    preferences = Preferences(markers=markers)
    return GradsimApp(Session(experiment), live=False, playing=False, preferences=preferences)


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=str)
async def test_with_ascii_every_screen_is_ascii(size: tuple[int, int]) -> None:
    it = app("ascii")
    async with running(it, size) as pilot:
        advance(it, 3)
        for key in ("escape", *(view.KEY for view in VIEWS)):
            await press(pilot, key)
            for _ in range(3):
                it.advance(0.0)
            screen = await text(pilot)
            assert screen.isascii(), {sign for sign in screen if not sign.isascii()}
        for key in LISTS:
            await press(pilot, key)
            screen = await text(pilot)
            assert screen.isascii(), (key, {sign for sign in screen if not sign.isascii()})
            await press(pilot, "escape")


@pytest.mark.parametrize("markers", ["block", "ascii"])
async def test_only_braille_markers_need_braille(markers: Markers) -> None:
    it = app(markers)
    async with running(it, MIDDLE) as pilot:
        advance(it, 3)
        for key in ("escape", *(view.KEY for view in VIEWS)):
            await press(pilot, key)
            assert not any(ord(sign) in BRAILLE for sign in await text(pilot))


async def test_the_flow_in_ascii(same_frame: SameFrame) -> None:
    it = app("ascii")
    async with running(it, SMALL) as pilot:
        advance(it, 8)
        await press(pilot, "a", "shift+right", "right", "right")
        same_frame("ascii-80x24", await text(pilot))


async def test_the_key_goes_through_the_markers() -> None:
    it = app("braille")
    async with running(it, MIDDLE) as pilot:
        advance(it, 3)
        await press(pilot, "up", "down")
        before = await text(pilot)
        assert any(ord(sign) in BRAILLE for sign in before)
        await press(pilot, "M")
        assert not any(ord(sign) in BRAILLE for sign in await text(pilot))
        await press(pilot, "M")
        assert (await text(pilot)).isascii()
        await press(pilot, "M", "escape", "up", "down")
        assert await text(pilot) == before


@given(st.text())
def test_signs_stay_as_many(words: str) -> None:
    assert len(in_ascii(words)) == len(words)
    assert in_ascii(words).isascii()


def test_bars_and_marks_stay_different() -> None:
    for signs in (" ▁▂▃▄▅▆▇█", "·0?∞", "▶◀▲▼", "░▒▓", "✓✗"):
        assert len(set(in_ascii(signs))) == len(signs)


def test_the_command_line_knows_themes_and_markers() -> None:
    assert list(looks.THEMES) == list(THEMES)
    assert list(looks.MARKERS) == list(MARKERS)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("loss ∞   norm 1", "loss inf norm 1"),
        ("    ∞ |", "  inf |"),
        ("   -∞", " -inf"),
        ("∞ → ∞", "! > !"),
        ("∞", "!"),
        ("a∞b", "a!b"),
    ],
)
def test_infinity_is_named_where_there_is_room_and_a_sign_of_its_own_elsewhere(
    text: str, plain: str
) -> None:
    assert in_ascii(text) == plain
