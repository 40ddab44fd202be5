"""The view of one weight: its keys, what it shows, and that the session never learns of it."""

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from driving import LARGE, MIDDLE, SMALL, SameFrame, advance, app, line, press, running, seen, text
from helpers import same_bits

from gradsim.scenario.reading import parse
from gradsim.tui.app import GradsimApp
from gradsim.tui.headless import frames
from gradsim.tui.views.weight import MOST_ZOOM, WeightView

TINY: dict[str, Any] = {"depth": 3, "width": 6, "batch_size": 8, "activation": "tanh"}


def words(screen: str) -> str:
    """The sentences on the screen, as one text."""
    return re.sub(r"\s*│\n│\s*", " ", screen)


def pane_of(it: GradsimApp) -> WeightView:
    pane = it.panes["weight"]
    assert isinstance(pane, WeightView)
    return pane


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frames(size: tuple[int, int], same_frame: SameFrame) -> None:
    name = f"{size[0]}x{size[1]}"
    it = app(activation="tanh")
    async with running(it, size) as pilot:
        await press(pilot, "4")
        advance(it, 2)
        shown = await seen(it, pilot, "shift+up", "asterisk", "asterisk", "plus", "plus", "plus")
        same_frame(f"weight-{name}", shown)


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frames_of_the_odd_weights(size: tuple[int, int], same_frame: SameFrame) -> None:
    name = f"{size[0]}x{size[1]}"
    it = app(normalization="batch")
    async with running(it, size) as pilot:
        same_frame(f"weight-without-slope-{name}", await seen(it, pilot, "4", "v", "g", "right"))
    it = app(activation="relu", initializer_gain=1e200, depth=4, width=8)
    async with running(it, size) as pilot:
        same_frame(f"weight-not-finite-{name}", await seen(it, pilot, "4"))


async def test_nudges_add_up_and_are_taken_back() -> None:
    it = app(**TINY)
    async with running(it, MIDDLE) as pilot:
        first = await seen(it, pilot, "4")
        assert "making it larger by 0.001 should change the loss by" in words(first)
        shown = await seen(it, pilot, "plus", "plus", "plus", "minus")
        assert "Made larger by 0.002 it should change" in words(shown)
        assert "• now" in shown
        shown = await seen(it, pilot, "asterisk", "minus")
        assert "Made smaller by 0.008" in words(shown)
        assert "nudge 0.01" in shown
        assert await seen(it, pilot, "slash", "x") == first
        assert await seen(it, pilot, "plus", "minus") == first


async def test_a_large_nudge_stays_in_the_picture() -> None:
    it = app(**TINY)
    async with running(it, MIDDLE) as pilot:
        await seen(it, pilot, "4")
        shown = await seen(it, pilot, *["asterisk"] * 5, "plus")
        assert "Made larger by 100" in words(shown)
        assert "range ±120" in shown
        study = pane_of(it)._study
        assert study is not None
        assert len(study.points) == 61


async def test_the_map_is_walked_and_ends() -> None:
    it = app(**TINY, data="wine")
    async with running(it) as pilot:
        await seen(it, pilot, "4")
        await seen(it, pilot, *["left"] * 13, *["up"] * 6)
        assert "layer 1, weight[0, 0]: from input 0 to unit 0" in await text(pilot)
        assert "the map ends here" in await text(pilot)
        shown = await seen(it, pilot, "right", "down", "right")
        assert "layer 1, weight[1, 2]" in shown
        assert "layer 1, bias[" in await seen(it, pilot, "v", *["up"] * 2, *["left"] * 3)
        assert "bias[4]: bias of unit 4" in await seen(it, pilot, "down", "right")
        await seen(it, pilot, "V", *["left"] * 13, *["up"] * 6, "right", "down", "right")
        largest = await seen(it, pilot, "m")
        assert "layer 1, weight[1, 2]" not in largest
        probe = pane_of(it)._probe
        assert probe is not None
        assert f"layer 1, weight{list(probe.largest(1, 'weight').index)}" in largest


async def test_the_selected_layer_is_the_app_s() -> None:
    it = app(**TINY, normalization="batch", skip="highway")
    async with running(it, MIDDLE) as pilot:
        await seen(it, pilot, "up")
        assert "layer 2, weight[" in await seen(it, pilot, "4")
        assert "layer 3, weight[" in await seen(it, pilot, "shift+up")
        assert it.selected == 3
        assert "output, weight[" in await seen(it, pilot, "shift+up")
        assert "layer 3, weight[" in await seen(it, pilot, "shift+down")
        names = []
        for _ in range(6):
            names.append(line(await seen(it, pilot, "v"), "layer 3, ").split("[")[0])
        assert names == [
            f"layer 3, {name}"
            for name in ("bias", "norm.weight", "norm.bias", "gate.weight", "gate.bias", "weight")
        ]
        assert "layer 3, gate.bias" in await seen(it, pilot, "V")
        # Another network: what it does not have is not asked for.
        shown = await seen(it, pilot, "s", "s", "n")
        assert "layer 3, " in shown


async def test_it_goes_along_with_training_and_back() -> None:
    it = app(**TINY)
    async with running(it, MIDDLE) as pilot:
        first = line(await seen(it, pilot, "4"), "This weight is")
        second = line(await seen(it, pilot, "pagedown", "pagedown"), "This weight is")
        assert first != second
        await seen(it, pilot, "plus")
        assert line(await seen(it, pilot, "pageup", "pageup"), "This weight is") == first
        # A switch is another network with the same weight.
        assert line(await seen(it, pilot, "a"), "This weight is") != first


async def test_depth_and_width_may_change_under_it() -> None:
    it = app(depth=5, width=8, batch_size=8)
    async with running(it, MIDDLE) as pilot:
        await seen(it, pilot, "4", *["shift+up"] * 4)
        for key in ("D", "D", "W", "W", "W", "d", "w"):
            shown = await seen(it, pilot, key)
            assert re.search(r"(layer \d|output), weight\[\d+, \d+\]", shown), shown
            assert "This weight is" in shown


async def test_the_session_never_learns_of_it() -> None:
    knobs = TINY | {"data": "wine", "normalization": "batch", "optimizer": "adam", "skip": "rezero"}
    asked, left_alone = app(**knobs), app(**knobs)
    keys = ("plus", "asterisk", "plus", "z", "Z", "Z", "m", "v", "plus", "right", "down", "g", "x")
    async with running(asked) as pilot:
        await seen(asked, pilot, "4")
        for move in ("pagedown", "shift+right", "pageup", "pagedown"):
            await seen(asked, pilot, *keys, move)
    async with running(left_alone) as pilot:
        for move in ("pagedown", "shift+right", "pageup", "pagedown"):
            await seen(left_alone, pilot, move)
    one, other = asked.session, left_alone.session
    assert one.actions == other.actions
    assert one.cursor == other.cursor
    assert [record.loss for record in one.past()] == [record.loss for record in other.past()]
    assert same_bits(one.network().parameters.values, other.network().parameters.values)
    for (name, mine), (_, theirs) in zip(
        one.network().buffers(), other.network().buffers(), strict=True
    ):
        assert same_bits(mine, theirs), name


@pytest.mark.parametrize("speed", [(), ("f",)], ids=["ops", "full speed"])
async def test_it_looks_on_while_the_run_plays(speed: tuple[str, ...]) -> None:
    watched, alone = app(playing=True, **TINY), app(playing=True, **TINY)
    said = set()
    async with running(watched, MIDDLE) as pilot:
        await press(pilot, "4", *speed)
        for _ in range(40):
            watched.advance()
            said.add(line(await text(pilot), "This weight is"))
    async with running(alone, MIDDLE) as pilot:
        await press(pilot, *speed)
        for _ in range(40):
            alone.advance()
    assert len(said) > 1
    assert watched.session.cursor == alone.session.cursor
    assert watched.session.actions == alone.session.actions
    one, other = (it.session.network().parameters.values for it in (watched, alone))
    assert same_bits(one, other)


def bounded(count: int) -> Callable[[], bool]:
    """True so many times."""
    left = iter(range(count))
    return lambda: next(left, None) is not None


async def test_work_goes_on_in_slices_of_one_op() -> None:
    slow, fast = app(**TINY), app(**TINY)
    async with running(fast, MIDDLE) as pilot:
        wanted = await seen(fast, pilot, "4")
    async with running(slow, MIDDLE) as pilot:
        await press(pilot, "4")
        pane = pane_of(slow)
        grown = []
        for _ in itertools.count():
            pane.tick(bounded(1))
            grown.append(len(pane._study.points) if pane._study else -1)
            if pane._work is None:
                break
        # 61 points, and each of them in many slices.
        assert sorted(set(grown)) == list(range(-1, 62))
        assert len(grown) > 61 * 8
        slow.paint()
        assert await text(pilot) == wanted
        # What was begun is left for what is asked next, and nothing of it stays.
        await press(pilot, "right")
        pane.tick(bounded(100))
        await press(pilot, "left", "plus")
        pane.tick(bounded(50))
        assert await seen(slow, pilot, "x") == wanted


async def test_what_is_not_shown_costs_nothing() -> None:
    it = app(**TINY)
    async with running(it, MIDDLE) as pilot:
        advance(it, 1)
        assert not it.panes
        await seen(it, pilot, "4", "escape", "pagedown")
        assert pane_of(it)._work is None
        assert not pane_of(it).tick(lambda: True)


@pytest.mark.parametrize("size", [(60, 18), (74, 22), (200, 60)], ids=str)
@pytest.mark.parametrize(
    "knobs",
    [
        TINY,
        {"depth": 1, "width": 1, "batch_size": 2, "activation": "prelu", "data": "wine"},
        {"activation": "relu", "initializer_gain": 0.0, "depth": 3, "width": 4},
        {"activation": "relu", "initializer_gain": 1e200, "depth": 3, "width": 4},
        {"dtype": "float32", "initializer_gain": 1e-30, "depth": 3, "width": 4},
    ],
    ids=str,
)
async def test_every_size_and_every_network(size: tuple[int, int], knobs: dict[str, Any]) -> None:
    it = app(**knobs)
    async with running(it, size) as pilot:
        for keys in (("4", "plus"), ("v", "plus", "g"), ("Z", "Z", "shift+up")):
            shown = await seen(it, pilot, *keys)
            assert "gradient" in shown
            assert all(len(row) <= size[0] for row in shown.splitlines())


async def test_the_ends_of_size_and_zoom_are_said() -> None:
    it = app(**TINY)
    async with running(it, MIDDLE) as pilot:
        await seen(it, pilot, "4")
        pane = pane_of(it)
        pane._stride = 1e-11
        assert "1e-12 is the smallest nudge" in await seen(it, pilot, "slash", "slash")
        pane._stride = 1e6
        assert "1e6 is the largest nudge" in await seen(it, pilot, "asterisk")
        pane._zoom = -MOST_ZOOM
        assert "the curve goes no narrower" in await seen(it, pilot, "z")
        pane._zoom = MOST_ZOOM
        assert "the curve goes no wider" in await seen(it, pilot, "Z")


async def test_a_press_on_the_map_selects_that_weight() -> None:
    it = app(**TINY)
    async with running(it, MIDDLE) as pilot:
        advance(it, 1)
        rows = (await seen(it, pilot, "4", "shift+up", "m")).splitlines()
        # The map begins under its pointer, and right of it.
        top = next(y for y, row in enumerate(rows) if "▼" in row[:40] and "│" in row[:3])
        assert await pilot.click(offset=(3 + 5 * 4, top + 1 + 2 * 2))
        shown = await seen(it, pilot)
        assert "weight[2, 5]" in line(shown, "layer 2, weight")
        weight = pane_of(it)._weight
        assert weight is not None
        assert weight.index == (2, 5)
        # Beside the map, and on a vector.
        await pilot.click(offset=(70, top + 2))
        assert pane_of(it)._weight == weight
        shown = await seen(it, pilot, "v")
        assert await pilot.click(offset=(3 + 4, top + 1))
        shown = await seen(it, pilot)
        assert "bias[1]" in shown


def test_it_goes_along_with_a_scenario() -> None:
    steps = """
title = "t"
[experiment]
depth = 2
width = 4
batch-size = 8
learning-rate = 1.0
[[steps]]
show = { view = "weight", layer = "output" }
[[steps]]
say = "Before."
[[steps]]
run = { steps = 1 }
[[steps]]
say = "After."
"""
    shown = list(frames(parse(steps, "f.toml"), 100, 30))
    values = [re.search(r"This weight is (\S+), its gradient (\S+):", page) for page in shown]
    before, *_, after = [found.groups() for found in values if found]
    assert before[0] != after[0]
    assert before[1] != after[1]
