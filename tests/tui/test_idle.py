"""Keys that make no sense now: each says why, wherever it is pressed."""

import pytest
from driving import MIDDLE, SMALL, advance, app, line, press, running, text
from textual.app import App

from gradsim.tui.idle import RULES
from gradsim.tui.keys import KEYS


def key_of(action: str) -> str:
    return next(key.keys.split(",")[0] for key in KEYS if key.action == action)


def test_every_rule_is_that_of_a_key() -> None:
    assert set(RULES) <= {key.action for key in KEYS}


NOT_AT_THE_START = {"speed(1)", "speed(-1)", "layer(1)", "history"}

AT_THE_START = sorted(
    rule for rule in RULES if rule not in NOT_AT_THE_START and not rule.startswith("chart(")
)


@pytest.mark.parametrize("action", AT_THE_START)
async def test_at_the_very_start_they_say_why_and_do_nothing(action: str) -> None:
    it = app(depth=3, width=4)
    async with running(it, MIDDLE) as pilot:
        why = it.idle(action)
        assert why
        await press(pilot, key_of(action))
        assert it.driver.message
        assert it.keymap.told(it.driver.message) in await text(pilot)
        assert (it.session.actions, it.session.cursor) == ([], (0, 0))


async def test_each_makes_sense_once_there_is_something() -> None:
    it = app(depth=3, width=4, activation="relu", learning_rate=1e200)
    async with running(it, MIDDLE) as pilot:
        advance(it, 3)
        assert not any(it.idle(a) for a in ("again", "pin", "move('op', -1)", "first_cause"))
        await press(pilot, "c")
        assert it.idle("redo")
        assert not it.idle("undo")
        await press(pilot, "u")
        assert it.idle("undo")
        assert not it.idle("redo")
        await press(pilot, "2" if "2" in it.panes else "3")
        assert not it.idle("view('flow')")
        assert "the view flow" in it.idle("history")


async def test_the_ends_of_speed_and_of_the_layers() -> None:
    it = app(depth=2, width=4)
    async with running(it, MIDDLE) as pilot:
        await press(pilot, *["minus"] * 3)
        assert "1 ops/s" in await text(pilot)
        await press(pilot, "minus")
        assert line(await text(pilot), "1 ops/s is the slowest")
        await press(pilot, "f", "plus")
        assert "full speed is the fastest" in it.driver.message
        await press(pilot, *["up"] * 3)
        assert it.driver.message == "the output is the last"


async def test_the_foot_the_switches_and_the_help_put_them_in_brackets() -> None:
    it = app(depth=3, width=4)
    async with running(it, (120, 150)) as pilot:
        screen = await text(pilot)
        assert "(r again)" in screen
        assert "clip-threshold (1)" in screen
        await press(pilot, "question_mark")
        screen = await text(pilot)
        assert "(u) " in screen
        assert "(a) " not in screen
        await press(pilot, "escape", "pagedown", "c")
        screen = await text(pilot)
        assert " r again " in screen
        assert "clip-threshold 1" in screen


async def test_a_view_has_rules_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    it = app(depth=3, width=4)
    async with running(it, SMALL) as pilot:
        await press(pilot, "3", "escape")
        monkeypatch.setattr(it.panes["why"], "idle", lambda action: f"no {action} now")
        await press(pilot, "3", "m")
        assert it.driver.message == "no more now"
        assert "(m more)" in await text(pilot)
        assert isinstance(pilot.app, App)
