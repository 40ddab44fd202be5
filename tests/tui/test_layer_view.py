"""The view of one layer: its pages, that it follows step and layer, and that it changes nothing."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from driving import LARGE, MIDDLE, SMALL, SameFrame, advance, app, press, running, seen, text
from helpers import same_bits

from gradsim.scenario.player import Player
from gradsim.scenario.reading import parse
from gradsim.tui.app import GradsimApp
from gradsim.tui.playback import Playback
from gradsim.tui.views.layer import LayerView

TINY: dict[str, Any] = {"depth": 3, "width": 6, "batch_size": 8, "activation": "tanh"}
SEQUENCE: dict[str, Any] = {
    "cell": "lstm", "data": "adding", "loss": "mean-squared-error", "width": 16,
    "sequence_length": 12, "batch_size": 16,
}  # fmt: skip

LESSON = """
title = "Five steps"
about = "Nothing more."
source = "none"

[experiment]
depth = 3
width = 6
batch-size = 8
activation = "tanh"

[[steps]]
say = "Now a step."

[[steps]]
run = { steps = 5 }

[[steps]]
say = "It has been made."
"""


def pane_of(it: GradsimApp) -> LayerView:
    pane = it.panes["layer"]
    assert isinstance(pane, LayerView)
    return pane


def largest(it: GradsimApp) -> float:
    """A number that is another one for each layer and step."""
    study = pane_of(it)._study
    assert study is not None
    return next(d.tally.largest for d in study.distributions if d.name == "delta")


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frames(size: tuple[int, int], same_frame: SameFrame) -> None:
    name = f"{size[0]}x{size[1]}"
    it = app(activation="tanh", initializer_gain=2.0)
    async with running(it, size) as pilot:
        advance(it, 3)
        same_frame(f"layer-{name}", await seen(it, pilot, "2"))
        if size == SMALL:
            same_frame(f"layer-distributions-{name}", await seen(it, pilot, "m"))
            same_frame(f"layer-weights-{name}", await seen(it, pilot, "m"))


@pytest.mark.parametrize("size", [MIDDLE, LARGE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frames_of_gates(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = app(**SEQUENCE, normalization="layer")
    async with running(it, size) as pilot:
        advance(it, 2)
        shown = await seen(it, pilot, *["up"] * 5, "2")
        same_frame(f"layer-gates-{size[0]}x{size[1]}", shown)


async def test_a_frame_of_what_is_not_finite(same_frame: SameFrame) -> None:
    it = app(activation="relu", initializer_gain=1e200, depth=4, width=8)
    async with running(it, MIDDLE) as pilot:
        same_frame("layer-not-finite-120x40", await seen(it, pilot, "2", "up", "up"))


async def test_it_follows_the_step_and_the_selected_layer() -> None:
    it = app(**TINY)
    async with running(it, MIDDLE) as pilot:
        first = await seen(it, pilot, "2")
        assert "layer 1 ▶  step 0" in first
        assert "layer 2 ▶  step 0" in await seen(it, pilot, "up")
        assert "output ▶  step 0" in await seen(it, pilot, "up", "up")
        assert await seen(it, pilot, "down", "down", "down") == first
        here = largest(it)
        # The step just finished is the one shown, as it is everywhere.
        shown = await seen(it, pilot, "pagedown")
        assert "layer 1 ▶  step 0" in shown
        assert largest(it) == here
        assert "layer 1 ▶  step 1" in await seen(it, pilot, "pagedown")
        assert largest(it) != here
        assert "layer 1 ▶  step 2" in await seen(it, pilot, "right")
        assert "layer 1 ▶  step 0" in await seen(it, pilot, "pageup", "pageup")
        assert largest(it) == here
        # A switch is another network.
        assert "sigmoid" in await seen(it, pilot, "a")
        assert largest(it) != here


async def test_pages_and_scale() -> None:
    it = app(**TINY)
    async with running(it, SMALL) as pilot:
        first = await seen(it, pilot, "2")
        assert "page 1 of 4" in first
        assert "page 4 of 4" in await seen(it, pilot, "M")
        assert await seen(it, pilot, "m") == first
        log = await seen(it, pilot, "m")
        assert "entries, log" in log
        linear = await seen(it, pilot, "g")
        assert "entries, log" not in linear
        assert "gradients over their values" in linear
        assert "gradients over the decades of their size" in await seen(it, pilot, "g")


async def test_time_steps_and_recurrent_layers() -> None:
    it = app(**SEQUENCE, recurrent_layers=2)
    async with running(it, MIDDLE) as pilot:
        assert "time step 1 of layer 2 ▶  step 0" in await seen(it, pilot, "2")
        assert "time step 4 of layer 2" in await seen(it, pilot, "up", "up", "up")
        assert "time step 4 of layer 1" in await seen(it, pilot, "v")
        assert "output ▶  step 0" in await seen(it, pilot, *["up"] * 12)
        # Another cell, and none at all.
        for _ in range(4):
            shown = await seen(it, pilot, "e", *["down"] * 12)
            assert "layer 1 ▶  step 0" in shown or "layer 2 ▶  step 0" in shown


async def test_depth_and_width_may_change_under_it() -> None:
    it = app(depth=5, width=8, batch_size=8)
    async with running(it, MIDDLE) as pilot:
        await seen(it, pilot, "2", *["up"] * 4)
        for key in ("D", "D", "W", "W", "d", "w", "n", "s"):
            shown = await seen(it, pilot, key)
            study = pane_of(it)._study
            assert study is not None
            assert study.matrices[0].shape[0] == (
                it.session.experiment.width if study.layer != "output" else 10
            )
            assert " → " in shown


async def test_the_session_never_learns_of_it() -> None:
    knobs = TINY | {"data": "wine", "normalization": "batch", "optimizer": "adam", "skip": "rezero"}
    asked, left_alone = app(**knobs), app(**knobs)
    moves = ("pagedown", "shift+right", "pageup", "pagedown", "ctrl+right", "left")
    async with running(asked) as pilot:
        await seen(asked, pilot, "2")
        for move in moves:
            await seen(asked, pilot, "m", "up", "g", move)
    async with running(left_alone) as pilot:
        for move in moves:
            await seen(left_alone, pilot, move)
    one, other = asked.session, left_alone.session
    assert one.actions == other.actions
    assert one.cursor == other.cursor
    assert [record.loss for record in one.past()] == [record.loss for record in other.past()]
    assert same_bits(one.network().parameters.values, other.network().parameters.values)


@pytest.mark.parametrize("speed", [(), ("f",)], ids=["ops", "full speed"])
async def test_it_looks_on_while_the_run_plays(speed: tuple[str, ...]) -> None:
    watched, alone = app(playing=True, **TINY), app(playing=True, **TINY)
    numbers = set()
    async with running(watched, MIDDLE) as pilot:
        await press(pilot, "2", *speed)
        for _ in range(40):
            watched.advance()
            if pane_of(watched)._study is not None:
                numbers.add(largest(watched))
    async with running(alone, MIDDLE) as pilot:
        await press(pilot, *speed)
        for _ in range(40):
            alone.advance()
    assert len(numbers) > (10 if speed else 1)
    assert watched.session.actions == alone.session.actions
    assert abs(watched.session.cursor.step - alone.session.cursor.step) <= 1
    count = min(len(it.session.past()) for it in (watched, alone))
    losses = [[r.loss for r in it.session.past()[:count]] for it in (watched, alone)]
    assert losses[0] == losses[1]


async def test_it_looks_on_from_full_speed_to_slow_and_in_a_pause() -> None:
    it = app(playing=True, **TINY)
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "2", "f")
        for _ in range(3):
            it.advance()
        # Slower just as the driver has been asked to look.
        await press(pilot, *["minus"] * 4)
        numbers = set()
        for _ in range(60):
            it.advance()
            numbers.add(largest(it))
        assert len(numbers) > 2
        assert it.driver.between is None
        await press(pilot, "f")
        it.advance()
        await press(pilot, "space")
        step = it.session.cursor.step
        assert f"layer 1 ▶  step {step - 1}" in await seen(it, pilot)


async def test_it_goes_along_with_a_scenario() -> None:
    player = Player(parse(LESSON, "lesson.toml"))
    it = GradsimApp(player.session, live=False, playback=Playback(player))
    steps = set()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "2")
        for _ in range(100):
            it.advance(0.5)
            study = pane_of(it)._study
            steps.add(study.step if study else -1)
    assert it.driver.concluded
    assert {0, 4} <= steps


def bounded(count: int) -> Callable[[], bool]:
    """True so many times."""
    left = iter(range(count))
    return lambda: next(left, None) is not None


async def test_work_goes_on_in_slices_and_is_left_where_it_is_not_wanted() -> None:
    slow, fast = app(**TINY), app(**TINY)
    async with running(fast, MIDDLE) as pilot:
        await seen(fast, pilot, "2")
        wanted = await seen(fast, pilot, "up")
    async with running(slow, MIDDLE) as pilot:
        await press(pilot, "2")
        assert "the layer's arrays are being counted" in await text(pilot)
        pane = pane_of(slow)
        for _ in range(12):
            pane.tick(bounded(2))
        assert pane._study is None
        # Another layer is asked for on the way.
        await press(pilot, "up")
        ticks = itertools.takewhile(lambda _: pane._study is None, itertools.count())
        assert sum(pane.tick(bounded(1)) or 1 for _ in ticks) > 10
        slow.paint()
        assert await text(pilot) == wanted
        await press(pilot, "down")
        stale = await text(pilot)
        assert "layer 2 ▶  step 0" in stale
        assert "another is being counted" in stale
        assert "another is being counted" not in await seen(slow, pilot)


async def test_what_is_not_shown_costs_nothing() -> None:
    it = app(**TINY)
    async with running(it, MIDDLE) as pilot:
        advance(it, 1)
        assert not it.panes
        await seen(it, pilot, "2", "escape", "pagedown")
        pane = pane_of(it)
        assert not pane.tick(lambda: True)
        assert pane._taken is None
        assert it.driver.between is None
        before = pane._drawn
        await seen(it, pilot, "2")
        assert pane._drawn is not before
        drawn = pane._drawn
        await seen(it, pilot, "h")
        assert pane._drawn is drawn  # nothing has changed: nothing is drawn anew


async def test_a_press_on_a_weight_leads_to_it_in_its_own_view() -> None:
    it = app(**TINY)
    async with running(it, MIDDLE) as pilot:
        advance(it, 1)
        rows = (await seen(it, pilot, "up", "2", "m")).splitlines()
        y = next(y for y, row in enumerate(rows) if "6 units x 6" in row)
        x = rows[y].index("W  6 units")
        assert await pilot.click(offset=(x + 4 * 3, y + 1 + 2 * 4))
        shown = await seen(it, pilot)
        assert it.settings.view == "weight"
        assert "layer 2, weight[4, 3]" in shown


async def test_presses_on_the_first_line_lead_to_other_layers_and_pages() -> None:
    it = app(**TINY)
    async with running(it, SMALL) as pilot:
        advance(it, 1)
        rows = (await seen(it, pilot, "2")).splitlines()
        y, row = next((y, row) for y, row in enumerate(rows) if "◀ layer 1 ▶" in row)
        assert await pilot.click(offset=(row.index("▶"), y))
        assert "◀ layer 2 ▶" in await seen(it, pilot)
        assert await pilot.click(offset=(row.index("◀"), y))
        assert "◀ layer 1 ▶" in await seen(it, pilot)
        assert await pilot.click(offset=(row.index("page"), y))
        assert "page 2 of" in await seen(it, pilot)
        assert await pilot.click(offset=(row.index("layer"), y))
        assert "◀ layer 1 ▶" in await seen(it, pilot)
