"""The view "remedies": tried in the background, ranked, laid beside the live run, applied."""

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from driving import LARGE, MIDDLE, SMALL, SameFrame, app, press, running, settled, text
from executors import Direct
from textual.pilot import Pilot

from gradsim.insight.remedies.search import Plan, Stage
from gradsim.insight.trial import Outcome
from gradsim.scenario.shelf import find, lessons
from gradsim.tui.app import GradsimApp
from gradsim.tui.views import remedies
from gradsim.tui.views.remedies import RemediesView

QUICK = Plan(singles=6, pairs=3, steps=6, leaders=2, further_steps=8, look_every=2)


class Clockless(Direct):
    """Every step takes as long as any other, so that frames stay the same."""

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        future = super().submit(*args, **kwargs)
        result = future.result()
        if isinstance(result, Outcome):
            future = Future()
            future.set_result(replace(result, seconds=float(len(result.losses))))
        return future


class Never(Direct):
    """Takes calls, and never does one."""

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        return Future()


@pytest.fixture(autouse=True)
def _few_steps_in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("gradsim.insight.remedies.search.Plan", lambda: QUICK)
    monkeypatch.setattr(RemediesView, "executor", Clockless)
    return iter([None])


def pane(it: GradsimApp) -> RemediesView:
    found = it.panes["remedies"]
    assert isinstance(found, RemediesView)
    return found


def small(**knobs: Any) -> GradsimApp:
    return app(**{"depth": 4, "width": 8, "batch_size": 32, "data": "blobs", **knobs})


async def tried(it: GradsimApp, pilot: Pilot[None]) -> str:
    """Let the clock run until all has been tried; the screen then."""
    while (search := pane(it).search) is None or not search.over:
        it.advance(0.0)
        await pilot.pause(0)
    return await text(pilot)


def best(it: GradsimApp, index: int = 0) -> dict[str, Any]:
    search = pane(it).search
    assert search is not None
    return dict(search.ranked()[index].tried.candidate.changes)


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frames(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = small()
    async with running(it, size) as pilot:
        await press(pilot, "8")
        same_frame(f"remedies-before-{size[0]}x{size[1]}", await text(pilot))
        await press(pilot, "t")
        await tried(it, pilot)
        await press(pilot, "down")
        same_frame(f"remedies-{size[0]}x{size[1]}", await text(pilot))


async def test_frame_with_a_ghost_while_it_is_tried(same_frame: SameFrame) -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "shift+right", "shift+right", "shift+right", "8", "t")
        while not pane(it)._ranked():
            it.advance(0.0)
        await press(pilot, "g")
        it.advance(0.0)
        it.advance(0.0)
        same_frame("remedies-ghost-120x40", await text(pilot))


async def test_no_key_waits_for_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RemediesView, "executor", Never)
    it = small()
    async with running(it) as pilot:
        await press(pilot, "8", "t", "g", "enter")
        assert "no remedy has been tried yet" in await text(pilot)
        before = it.session.cursor
        await press(pilot, "pagedown", "down", "up", "t")
        assert it.session.cursor != before
        screen = await text(pilot)
        assert "this is being tried already" in screen
        assert "0 of" in screen
        search = pane(it).search
        # Out of sight it goes on; it ends with the app.
        await press(pilot, "escape")
        it.advance(0.0)
        assert search is not None
        assert not search.over
    assert search.over


async def test_enter_makes_exactly_the_experiment_that_was_tried_and_u_takes_it_back() -> None:
    it = small()
    before = it.session.experiment
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "8", "t")
        await tried(it, pilot)
        changes = best(it, 1)
        await press(pilot, "down", "enter")
        assert it.session.experiment == before.switch(changes)
        screen = await text(pilot)
        assert "for the experiment before" in screen
        await press(pilot, "enter")
        assert "already" in await text(pilot)
        # Another one then: not on top of the first, but what was tried.
        await press(pilot, "home", "enter")
        assert it.session.experiment == before.switch(best(it))
        await press(pilot, "u", "u")
        assert it.session.experiment == before
        assert "for the experiment before" not in await text(pilot)


async def test_another_experiment_keeps_the_results_and_t_tries_for_the_new_one() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "8", "t")
        await tried(it, pilot)
        first = pane(it).search
        await press(pilot, "a")
        screen = await text(pilot)
        assert "for the experiment before activation sigmoid → relu" in screen
        assert pane(it).search is first
        await press(pilot, "t")
        await tried(it, pilot)
        second = pane(it).search
        assert second is not first
        assert second is not None
        assert second.experiment.activation == "relu"
        assert "for the experiment before" not in await text(pilot)


async def test_the_cursor_stays_with_its_remedy_while_others_come() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "8", "t")
        while len(pane(it)._ranked()) < 3:
            it.advance(0.0)
        await press(pilot, "end")
        chosen = pane(it)._selected
        await tried(it, pilot)
        assert pane(it)._ranked()[pane(it)._index()].tried.candidate.name == chosen
        marked = [row for row in (await text(pilot)).splitlines() if "▶" in row]
        assert len(marked) == 1
        assert chosen in marked[0]


async def test_x_stops_and_keeps_what_was_found() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "8", "x")
        assert "nothing is being tried" in await text(pilot)
        await press(pilot, "t")
        while len(pane(it)._ranked()) < 2:
            it.advance(0.0)
        await press(pilot, "x")
        search = pane(it).search
        assert search is not None
        assert search.stage is Stage.STOPPED
        known = len(search.ranked())
        it.advance(0.0)
        screen = await text(pilot)
        assert "stopped after" in screen
        assert len(search.ranked()) == known
        await press(pilot, "enter")
        assert it.session.experiment == search.experiment.switch(best(it))


async def test_a_ghost_is_the_remedy_at_the_same_step_in_every_view() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "8", "t")
        await tried(it, pilot)
        await press(pilot, "g")
        for _ in range(3):
            it.advance(0.0)
        await press(pilot, "escape")
        await press(pilot, *["pagedown"] * 3)
        assert "remedy" in await text(pilot)
        # The same run, made by switching and going there.
        other = small(**{k.replace("-", "_"): v for k, v in best(it).items()})
        async with running(other, MIDDLE) as second:
            await press(second, *["pagedown"] * 3)
            record = other.session.run.records[2]
            column = record.column("delta_norm")
        assert column is not None
        assert it.remedy is not None
        assert it.remedy.steps[2] == pytest.approx(list(column))
        await press(pilot, "8", "g")
        assert not it.remedy
        await press(pilot, "escape")
        assert "remedy" not in await text(pilot)


async def test_a_ghost_is_trained_on_when_the_live_run_goes_beyond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remedies, "FIRST_STEPS", 2)
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "8", "t")
        await tried(it, pilot)
        await press(pilot, "g")
        for _ in range(3):
            it.advance(0.0)
        assert it.remedy is not None
        assert len(it.remedy.steps) == 2
        await press(pilot, *["pagedown"] * 5)
        for _ in range(3):
            it.advance(0.0)
        assert len(it.remedy.steps) > 5


@pytest.mark.parametrize("at", [1, 8])
async def test_lost_workers_are_told_and_others_are_taken(
    monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    class Breaking(Clockless):
        calls: ClassVar[int] = 0

        def submit(self, *args: Any, **kwargs: Any) -> Any:
            Breaking.calls += 1
            if Breaking.calls == at:
                raise BrokenExecutor("gone")
            return super().submit(*args, **kwargs)

    monkeypatch.setattr(RemediesView, "executor", Breaking)
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "8", "t")
        await tried(it, pilot)
        assert "a worker process came to an unexpected end" in await text(pilot)
        await press(pilot, "t")
        await tried(it, pilot)
        search = pane(it).search
        assert search is not None
        assert search.stage is Stage.DONE


async def test_a_ghost_that_cannot_be_trained_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "8", "t")
        await tried(it, pilot)

        class Broken(Direct):
            def submit(self, *args: Any, **kwargs: Any) -> Any:
                future: Future[Any] = Future()
                future.set_exception(MemoryError())
                return future

        monkeypatch.setattr(RemediesView, "executor", Broken)
        await press(pilot, "g")
        for _ in range(3):
            it.advance(0.0)
        assert "could not be worked out" in await text(pilot)
        assert not it.remedy


@pytest.mark.parametrize("size", [(60, 18), (61, 19), (70, 22), (90, 24), (140, 50), (20, 5)])
async def test_any_size_is_drawn(size: tuple[int, int]) -> None:
    it = small()
    async with running(it, size) as pilot:
        await press(pilot, "8", "t")
        await tried(it, pilot)
        await press(pilot, "g")
        for _ in range(3):
            it.advance(0.0)
        await press(pilot, "end")
        assert await text(pilot)


async def test_the_mouse_selects_a_remedy() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "8", "t")
        screen = await tried(it, pilot)
        search = pane(it).search
        assert search is not None
        ranked = [row.tried.candidate.name for row in search.ranked()]
        rows = screen.splitlines()
        at = {
            name: next(k for k, row in enumerate(rows) if f" {place} {name} " in row)
            for place, name in enumerate(ranked[:5], start=1)
        }
        for name, y in at.items():
            await pilot.click(offset=(20, y))
            after = (await text(pilot)).splitlines()
            assert [k for k, row in enumerate(after) if "▶" in row] == [y], name


async def test_keys_that_need_a_remedy_say_that_there_is_none() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "8")
        assert "(x stop)(↓ select)(g ghost)(enter apply)" in await text(pilot)
        for key, why in (("x", "nothing is being tried"), ("down", "no remedy has been tried")):
            await press(pilot, key)
            assert why in it.driver.message


async def test_a_table_and_a_ghost_are_there_again_after_a_lesson() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "8", "t")
        await tried(it, pilot)
        await press(pilot, "down", "g")
        for _ in range(3):
            it.advance(0.0)
        before, ghost = await text(pilot), it.remedy
        assert ghost is not None
        it.play_lesson(find(lessons()[0]))
        await settled(pilot)
        assert it.remedy is None
        await press(pilot, "8")
        assert pane(it).search is None
        it.leave_lesson()
        await settled(pilot)
        assert it.remedy is ghost
        await press(pilot, "8")
        it.say("")
        assert (await text(pilot)).splitlines()[2:] == before.splitlines()[2:]


async def test_what_a_lesson_was_looked_at_with_goes_when_it_begins_anew() -> None:
    it = small()
    async with running(it, MIDDLE) as pilot:
        lesson = find(lessons()[0])
        it.play_lesson(lesson)
        await settled(pilot)
        await press(pilot, "8")
        first = pane(it)
        it.leave_lesson()
        await settled(pilot)
        assert first.is_attached
        left = it.lessons.of(lesson.name, it.driver)
        assert left is not None
        left.concluded = True
        it.play_lesson(lesson)
        await settled(pilot)
        assert not first.is_attached
        await press(pilot, "8")
        assert pane(it) is not first
