"""The view "waterfall": all steps of a run, and the way to each of them."""

import pytest
from driving import (
    LARGE,
    MIDDLE,
    SMALL,
    SameFrame,
    advance,
    app,
    line,
    press,
    running,
    seen,
    text,
)
from test_recurrent_app import through_time

from gradsim.scenario.player import Player
from gradsim.scenario.shelf import find
from gradsim.simulation.actions import Advance, Grain, Switch, Visit
from gradsim.simulation.budget import Budget
from gradsim.simulation.run import START
from gradsim.simulation.session import RUNS_AT_HAND
from gradsim.tui.app import GradsimApp
from gradsim.tui.playback import Playback
from gradsim.view.waterfall_words import exact


def row(screen: str, name: str) -> str:
    """The cells of a line of the picture."""
    lines = [part.strip("│").strip("▶ ") for part in screen.splitlines() if part[:1] == "│"]
    return next(part[len(name) :].strip() for part in lines if part.startswith(f"{name} "))


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE])
async def test_a_run_that_is_repaired(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = app(depth=20, width=16, initializer="he-normal")
    async with running(it, size) as pilot:
        advance(it, 30)
        await press(pilot, "5", "a")
        advance(it, 20)
        await press(pilot, "c")
        advance(it, 20)
        while "step 30: switched activation" not in await text(pilot):
            await press(pilot, "left")
        same_frame(f"waterfall-{size[0]}x{size[1]}", await text(pilot))


async def test_through_time_the_newest_time_step_is_on_top(same_frame: SameFrame) -> None:
    it = through_time(cell="lstm", width=8, sequence_length=30)
    async with running(it, MIDDLE) as pilot:
        advance(it, 12)
        await press(pilot, "5", *["up"] * 4)
        same_frame("waterfall-through-time-120x40", await text(pilot))


async def test_numbers_that_leave_the_range(same_frame: SameFrame) -> None:
    it = app(depth=150, width=32, activation="relu", initializer="he-normal",
             initializer_gain=20.0, learning_rate=1e-200, batch_size=4)  # fmt: skip
    async with running(it, SMALL) as pilot:
        advance(it, 4)
        await press(pilot, "5", "m")
        same_frame("waterfall-not-finite-80x24", await text(pilot))


async def test_the_cursor_reads_what_the_session_had_and_takes_it_there() -> None:
    it = app(depth=4, width=8)
    async with running(it, MIDDLE) as pilot:
        advance(it, 3)
        await press(pilot, "5", "up")
        then = line(await text(pilot), "layer 2, step 2")
        profile = it.session.run.records[2].layers
        advance(it, 6)
        await press(pilot, *["left"] * 6)
        screen = await text(pilot)
        assert line(screen, "layer 2, step 2").startswith(then)
        assert "● the session is at step 8: enter takes it here" in screen
        await press(pilot, "enter")
        assert it.session.cursor == (3, 0)
        assert it.session.run.records[2].layers is profile
        screen = await text(pilot)
        assert line(screen, "layer 2, step 2") == then
        assert "●" not in screen.split("step →")[0].split("scale")[1]
        # What was computed beyond it is still in view, and the cursor goes with the session.
        assert len(row(screen, "2")) == 9 * 4
        await press(pilot, "pagedown")
        assert line(await text(pilot), "layer 2, step 3")


async def test_another_number_another_scale_and_the_smallest_of_each_cell() -> None:
    it = app(depth=12, width=8)
    async with running(it, SMALL) as pilot:
        advance(it, 2)
        await press(pilot, "5")
        first = await text(pilot)
        assert "waterfall: activation gradient by layer and training step" in first
        assert "the largest of 1 step x 1-2 layers" in first
        await press(pilot, "m", "x")
        screen = await text(pilot)
        assert "the smallest of" in screen
        assert "scale fixed" in screen
        await press(pilot, "g")
        screen = await text(pilot)
        assert "waterfall: weight gradient" in screen
        assert "scale follows" in screen
        await press(pilot, "g")
        assert "update / weight" in await text(pilot)
        record = it.session.run.records[1].column("update_ratio")
        assert record is not None
        assert f"{record[0]:.5e}"[:6] in line(await text(pilot), "layer 1, step 1")
        await press(pilot, "g", "m", "x", "x")
        assert await text(pilot) == first


async def test_near_and_far() -> None:
    it = app(depth=3, width=4, batch_size=4)
    async with running(it, SMALL) as pilot:
        advance(it, 200)
        await press(pilot, "5")
        assert "the largest of 4 steps" in await text(pilot)
        assert len(row(await text(pilot), "2")) == 50
        await press(pilot, "z", "z")
        screen = await text(pilot)
        assert "a cell: 1 step" in screen
        assert line(screen, "step →").endswith(("190", "199▲", "▲"))
        # Nearer, the window goes with the cursor, and with the session when it goes on.
        await press(pilot, "home")
        assert "step 0" in line(await text(pilot), "layer 1, step 0")
        assert line(await text(pilot), "step →").startswith("step →  ▲")
        await press(pilot, "end")
        advance(it, 3)
        assert "layer 1, step 202" in await text(pilot)
        await press(pilot, "Z", "Z", "Z")
        assert "the whole run is in view" in await text(pilot)
        await press(pilot, *["z"] * 8)
        assert "a step is as wide as it gets" in await text(pilot)


async def test_a_fork_an_undo_and_another_depth() -> None:
    it = app(depth=6, width=8)
    async with running(it, MIDDLE) as pilot:
        advance(it, 10)
        await press(pilot, "5")
        before = row(await text(pilot), "1")
        await press(pilot, *["pageup"] * 4, "a")
        advance(it, 4)
        after = row(await text(pilot), "1")
        assert after[: 4 * 6] == before[: 4 * 6]
        assert after[4 * 6 :] != before[4 * 6 :]
        await press(pilot, "u")
        assert row(await text(pilot), "1") == before
        await press(pilot, "U")
        assert row(await text(pilot), "1") == after
        await press(pilot, "d")
        advance(it, 2)
        screen = await text(pilot)
        assert it.session.experiment.depth == 10
        steps = it.session.run.end().step
        assert len(row(screen, "10")) == len(row(screen, "out")) == 4 * steps


async def test_rows_are_selected_a_line_at_a_time_where_a_line_has_many() -> None:
    it = app(depth=100, width=2, batch_size=2)
    async with running(it, SMALL) as pilot:
        advance(it, 1)
        await press(pilot, "5", "shift+up")
        assert it.selected > 10
        await press(pilot, "shift+down")
        assert it.selected == 1
        await press(pilot, *["shift+up"] * 30)
        assert "the output is the last" in await text(pilot)
        assert line(await text(pilot), "output, step 0")


async def test_before_the_first_gradient_and_back_at_the_start() -> None:
    it = app(depth=3, width=4)
    async with running(it, SMALL) as pilot:
        await press(pilot, "5", "left", "enter", "z", "x", "m", "shift+up")
        assert "there is no gradient yet" in await text(pilot)
        await press(pilot, "shift+right", "g")
        assert "there is no" in await text(pilot)
        advance(it, 3)
        await press(pilot, "G")
        await press(pilot, *["pageup"] * 4)
        assert it.session.cursor == (0, 0)
        screen = await text(pilot)
        assert "● the session is before step 0" in screen
        assert len(row(screen, "2")) == 12
        await press(pilot, "enter")
        assert it.session.cursor == (1, 0)


async def test_a_click_moves_the_cursor_and_a_second_one_the_session() -> None:
    it = app(depth=4, width=4)
    async with running(it, MIDDLE) as pilot:
        advance(it, 8)
        await press(pilot, "5")
        lines = (await text(pilot)).splitlines()
        y = next(k for k, part in enumerate(lines) if part.strip("│ ").startswith("3 "))
        await pilot.click(offset=(10 + 2 * 4 + 1, y))
        assert line(await text(pilot), "layer 3, step 2")
        assert it.selected == 3
        await pilot.click(offset=(10 + 2 * 4 + 1, y), times=2)
        assert it.session.cursor == (3, 0)


async def test_a_scenario_in_the_waterfall() -> None:
    player = Player(find("sigmoid-starves-relu-repairs"))
    it = GradsimApp(player.session, live=False, playback=Playback(player))
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "5")
        while not player.finished:
            assert it.driver.playback is not None
            for _ in it.driver.playback.perform():
                pass
            it.paint()
            assert "waterfall:" in await text(pilot)
        assert player.session.cursor.step == 600
        assert len(row(await text(pilot), "1")) == 76, "of 601 steps 8 to a column"


async def test_steps_that_are_not_kept_say_so_and_come_back_where_one_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gradsim.simulation.session.Budget", lambda: Budget(0))
    it = app(depth=4, width=4, batch_size=4)
    async with running(it, MIDDLE) as pilot:
        advance(it, 1)
        then = it.session.run.records[0].column("delta_norm")
        assert then is not None
        advance(it, 39)
        await press(pilot, "5", "home")
        screen = await text(pilot)
        assert row(screen, "1").startswith("/" * 2 * 23)
        assert "/ not kept" in screen
        assert "activation gradient not kept" in line(screen, "layer 1, step 0")
        await press(pilot, "enter")
        screen = await text(pilot)
        assert f"activation gradient {exact(float(then[0]))}" in line(screen, "layer 1, step 0")
        assert row(screen, "1")[2:6] == "////"
        # What the view has seen stays, whatever the session lets go of.
        await press(pilot, "end", *["pagedown"] * 60)
        kept = row(await text(pilot), "1")
        assert "/" not in kept[24:]


async def test_a_run_of_which_nothing_is_kept_any_more_is_no_crash() -> None:
    it = app(depth=3, width=4)
    async with running(it, SMALL) as pilot:
        advance(it, 2)
        for number in range(RUNS_AT_HAND + 2):
            it.driver.request(Switch({"seed": number + 1}), Advance(Grain.STEP, 1))
        it.driver.request(Visit(0, START))
        it.advance(0.0)
        assert all(record.layers is None for record in it.session.run.records)
        shown = await seen(it, pilot, "5")
        assert "no gradient of this run is kept any more: PgDn makes a step again" in shown
        assert "no update of this run" in await seen(it, pilot, "g", "g", "enter", "home", "end")
        assert "kept any more" not in await seen(it, pilot, "pagedown")
