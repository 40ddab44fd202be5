"""The view "map": measured in the background, with the live experiment and a cursor on it."""

from concurrent.futures import BrokenExecutor, Future
from typing import Any, ClassVar

import pytest
from driving import MIDDLE, SMALL, SameFrame, app, press, running, settled, text
from executors import Direct
from textual.pilot import Pilot

from gradsim.insight.map.cells import measure
from gradsim.scenario.shelf import find, lessons
from gradsim.simulation.actions import Switch
from gradsim.tui.app import GradsimApp
from gradsim.tui.views.map import MapView


@pytest.fixture(autouse=True)
def _no_processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MapView, "executor", Direct)
    # Few cells; the frames have as many as the app.
    if "frame" not in request.node.name:
        monkeypatch.setattr("gradsim.tui.views.map.MOST_COLUMNS", 13)
        monkeypatch.setattr("gradsim.tui.views.map.MOST_ROWS", 9)


def pane(it: GradsimApp) -> MapView:
    found = it.panes["map"]
    assert isinstance(found, MapView)
    return found


async def measured(it: GradsimApp, pilot: Pilot[None], cells: int | None = None) -> str:
    """Let the clock run until so many cells are known, or all; the screen then."""
    it.advance(0.0)
    while not (survey := pane(it).survey) or len(survey.cells) < (cells or survey.plan.places):
        it.advance(0.0)
        await pilot.pause(0)
    return await text(pilot)


def words(screen: str) -> str:
    """A screen as one line, where words that were wrapped beside the map are together."""
    rows = screen.splitlines()
    return " ".join(row[at:].strip("│ ") for at in (80, 0) for row in rows)


def small(**knobs: Any) -> GradsimApp:
    return app(**{"depth": 6, "width": 8, "activation": "tanh", "batch_size": 16, **knobs})


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frames(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = small(initializer="lecun-normal")
    async with running(it, size) as pilot:
        await press(pilot, "9")
        await measured(it, pilot)
        await press(pilot, "right", "right", "up")
        same_frame(f"map-{size[0]}x{size[1]}", await text(pilot))


async def test_frame_of_what_cannot_be_built(same_frame: SameFrame) -> None:
    it = small(batch_size=512, depth=3)
    async with running(it, SMALL) as pilot:
        await press(pilot, "9")
        while pane(it)._axes[0] != "batch-size":
            await press(pilot, "x")
        await measured(it, pilot)
        await press(pilot, *["right"] * 30)
        same_frame("map-not-built-80x24", await text(pilot))


async def test_the_map_is_there_early_and_no_key_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = 0

    class Never(Direct):
        def submit(self, *args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            return super().submit(*args, **kwargs) if calls < 9 else never

    never: Future[Any] = Future()
    monkeypatch.setattr(MapView, "executor", Never)
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "9")
        screen = await measured(it, pilot, 4)
        assert " cells" in screen
        assert "·" not in next(row for row in screen.splitlines() if "▸" in row)
        before = it.session.cursor
        await press(pilot, "pagedown", "a")
        assert it.session.cursor != before
        assert it.driver.experiment.activation != "tanh"


async def test_enter_switches_to_the_cell_and_the_crosshair_goes_along() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "9")
        await measured(it, pilot)
        survey = pane(it).survey
        assert survey is not None
        await press(pilot, "enter")
        assert "this is the experiment itself" in await text(pilot)
        await press(pilot, "right", "right", "right", "up", "up")
        place = pane(it)._cursor
        assert place is not None
        await press(pilot, "enter")
        now = it.session.experiment
        assert {name: now.value(name) for name in ("initializer-gain", "depth")} == (
            survey.plan.changes(place)
        )
        assert pane(it).survey is survey  # the same map: only the place on it has changed
        assert pane(it)._live(survey.plan) == (float(place[0]), float(place[1]))
        shown = await text(pilot)
        assert f"depth {now.depth}" in shown
        await press(pilot, "u")
        assert it.session.experiment.depth == 6
        assert pane(it).survey is survey


async def test_another_switch_begins_another_map() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "9")
        await measured(it, pilot)
        first = pane(it).survey
        await press(pilot, "l")  # nothing is updated before it is measured
        await measured(it, pilot)
        assert pane(it).survey is first
        await press(pilot, "a")
        await measured(it, pilot)
        second = pane(it).survey
        assert second is not first
        assert second is not None
        assert second.plan.base.activation == it.driver.experiment.activation != "tanh"
        # Out of sight it is left alone.
        await press(pilot, "escape", "a")
        it.advance(0.0)
        assert pane(it).survey is second
        await press(pilot, "9")
        await measured(it, pilot)
        assert pane(it).survey is not second


async def test_off_the_map_is_said_and_m_measures_around_it() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "9")
        await measured(it, pilot)
        it.driver.switch(Switch({"initializer-gain": 50.0}))
        it.advance(0.0)
        screen = await text(pilot)
        assert "the experiment is not on" in words(screen)
        assert "◆" not in "".join(row for row in screen.splitlines() if "▸" in row)
        await press(pilot, "m")
        await measured(it, pilot)
        survey = pane(it).survey
        assert survey is not None
        assert 50.0 in survey.plan.x.values


async def test_m_stops_and_goes_on() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "9")
        await measured(it, pilot, 5)
        await press(pilot, "m")
        survey = pane(it).survey
        assert survey is not None
        known = len(survey.cells)
        for _ in range(5):
            it.advance(0.0)
        assert len(survey.cells) == known
        assert "stopped: m goes on" in words(await text(pilot))
        await press(pilot, "m")
        await measured(it, pilot)
        assert pane(it).survey is survey


async def test_knobs_and_value_are_chosen_by_keys() -> None:
    it = small(activation="leaky-relu", depth=2)
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "9")
        seen = set()
        for _ in range(12):
            await press(pilot, "x")
            seen.add(pane(it)._axes[0])
        assert {"width", "bias-std", "leaky-slope"} <= seen
        assert "depth" not in seen  # it is on the other axis
        assert "learning-rate" not in seen
        await press(pilot, "v", "v", "v")
        screen = await measured(it, pilot, 4)
        assert "accuracy at step 100" in screen
        await press(pilot, "V", "X", "y", "Y")
        screen = await measured(it, pilot, 4)
        assert "loss at step 100" in screen


async def test_no_map_is_told_in_a_sentence(tmp_path: Any) -> None:
    data = tmp_path / "prices.csv"
    data.write_text("size,price\n" + "".join(f"{k},{k * 1.5 + 0.25}\n" for k in range(300)))
    it = small(data=str(data), loss="mean-squared-error")
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "9", "V")
        it.advance(0.0)
        assert "has a number to predict" in words(await text(pilot))
        await press(pilot, "enter", "left", "V")
        assert "loss at step 100" in await measured(it, pilot, 1)


async def test_lost_workers_are_told_and_others_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Breaking(Direct):
        made: ClassVar[int] = 0

        def __init__(self) -> None:
            Breaking.made += 1

        def submit(self, *args: Any, **kwargs: Any) -> Any:
            if Breaking.made == 1:
                raise BrokenExecutor("gone")
            return super().submit(*args, **kwargs)

    monkeypatch.setattr(MapView, "executor", Breaking)
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "9")
        it.advance(0.0)
        it.advance(0.0)
        assert "a worker was lost" in words(await text(pilot))
        await press(pilot, "m")
        await measured(it, pilot)
        assert Breaking.made == 2


@pytest.mark.parametrize("size", [(60, 18), (61, 19), (70, 22), (90, 24), (140, 50), (20, 5)])
async def test_any_size_is_drawn(size: tuple[int, int]) -> None:
    it = small()
    async with running(it, size) as pilot:
        await press(pilot, "9")
        for _ in range(3):
            it.advance(0.0)
            await pilot.pause(0)
        await press(pilot, "right", "down", "x", "v", "enter", "m")
        it.advance(0.0)
        await text(pilot)


async def test_a_cell_reads_out_what_was_measured() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "9")
        screen = await measured(it, pilot)
        survey = pane(it).survey
        assert survey is not None
        place = pane(it)._nearest(survey.plan)
        cell = survey.cells[place]
        (again,) = measure(survey._task([place]))
        assert (cell.slope, cell.shape) == (again.slope, again.shape)
        assert f"{cell.slope:.3g} decades/layer" in screen


async def test_the_mouse_takes_the_cursor_to_a_cell_and_switches_to_it() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "9")
        screen = await measured(it, pilot)
        left, top = pane(it).content_region.offset
        rows = screen.splitlines()
        x, y = next((row.index("[") + 2, k) for k, row in enumerate(rows) if "[" in row and k > top)
        before = it.driver.experiment
        await pilot.click(offset=(x + 12, y - 4))
        moved = (await text(pilot)).splitlines()
        row = next(row for row in moved[y - 5 : y - 2] if "[" in row)
        assert row.index("[") <= x + 12 <= row.index("]")
        assert it.driver.experiment == before
        await pilot.click(offset=(x + 12, y - 4))
        await text(pilot)
        assert before.differs(it.driver.experiment)
        await pilot.click(offset=(left, top))  # beside the field nothing is meant


async def test_a_map_is_there_again_after_a_lesson() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "9", "v")
        await measured(it, pilot)
        await press(pilot, "left", "up")
        it.say("")
        before, survey = await text(pilot), pane(it).survey
        it.play_lesson(find(lessons()[0]))
        await settled(pilot)
        assert "map" not in it.panes
        it.leave_lesson()
        await settled(pilot)
        await press(pilot, "9")
        it.advance(0.0)
        assert pane(it).survey is survey
        assert (await text(pilot)).splitlines()[2:] == before.splitlines()[2:]
