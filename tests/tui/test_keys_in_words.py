"""Sentences that name keys: they name those of now."""

from pathlib import Path

import pytest
from driving import MIDDLE, SMALL, app, press, running, text

import gradsim
from gradsim.experiment.experiment import Experiment
from gradsim.keeping.preferences import Preferences
from gradsim.scenario.player import Player
from gradsim.scenario.reading import parse
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp
from gradsim.tui.binding import full_name
from gradsim.tui.keymap import Keymap, tables
from gradsim.tui.playback import Playback
from gradsim.view.key_words import names_in

OWN = {
    "undo": "f2", "redo": "f3", "pin": "f4", "play": "f5", "move-step": "f6", "knobs": "f7",
    "knob-activation": "f8", "knob-activation-back": "f9", "go-on": "f10", "open-flow": "f11",
    "speed-back": "f12", "knob-clip": "ctrl+b", "knob-list.back": "f10",
    "remedies.try-all": "ctrl+t", "dialog.back": "f9", "stop-list.turn": "f9",
}  # fmt: skip
"""Keys of somebody's own, for what sentences speak of."""


def with_own_keys(**knobs: object) -> GradsimApp:
    experiment = Experiment.of({"depth": 3, **knobs})
    preferences = Preferences(keys=OWN)
    return GradsimApp(Session(experiment), live=False, playing=False, preferences=preferences)


def test_every_key_that_a_sentence_names_is_in_the_tables() -> None:
    known = {full_name(table, key) for table, keys in tables().items() for key in keys}
    sources = Path(gradsim.__file__).parent.rglob("*.py")
    named = {name for path in sources for name in names_in(path.read_text(encoding="utf-8"))}
    assert len(named) > 30
    # What stands in the explanation of how to write it is one of them too.
    assert named <= known


def test_a_name_that_nobody_knows_stays_as_it_is() -> None:
    assert Keymap().told("⟨undo⟩ and ⟨nothing⟩ and ⟨map.undo⟩") == "u and ⟨nothing⟩ and ⟨map.undo⟩"


async def test_hints_messages_and_borders_name_the_keys_of_now() -> None:
    it = with_own_keys()
    async with running(it, MIDDLE) as pilot:
        screen = await text(pilot)
        assert "f8 i n s ctrl b switch a part" in screen
        assert "f9 f8 activation sigmoid" in screen
        await press(pilot, "f6", "f4")
        assert "f4 lets go of it" in await text(pilot)
        await press(pilot, "f8", "f2")
        assert "f3 returns to the one behind it" in await text(pilot)
        await press(pilot, "f3")
        assert "f2 undoes it once more" in await text(pilot)
        await press(pilot, "right_square_bracket")
        assert "clip is none; ctrl b turns it on" in await text(pilot)
        await press(pilot, "8")
        assert "ctrl t tries them for the experiment" in await text(pilot)
        await press(pilot, "enter")
        assert "ctrl t tries them" in await text(pilot)
        await press(pilot, "h")
        assert "the view flow: f11 goes there" in await text(pilot)
        await press(pilot, "f7")
        screen = await text(pilot)
        assert "f10 closes" in screen
        assert "f8     activation" in screen
        await press(pilot, "f10", "b")
        assert "f9 on or off" in await text(pilot)
        await press(pilot, "q", "ctrl+e")
        assert "f9 back" in await text(pilot)
        assert "⟨" not in await text(pilot)


async def test_views_that_wait_say_which_key_of_now_helps() -> None:
    it = with_own_keys()
    async with running(it, SMALL) as pilot:
        for view, hint in (("3", "or f5"), ("5", "f6 makes a training step, f5 plays"),
                           ("6", "f4 pin this run")):  # fmt: skip
            await press(pilot, view)
            assert hint in await text(pilot)


@pytest.mark.parametrize("name", sorted(tables()))
def test_what_is_said_of_a_key_names_no_other_by_its_mark(name: str) -> None:
    for key in Keymap().now(tables()[name], name):
        assert "⟨" not in key.about


async def test_the_foot_says_return_where_a_lesson_waits() -> None:
    lesson = parse('title = "t"\n[[steps]]\nsay = "look"\n[[steps]]\nsay = "now you"\n', "t")
    player = Player(lesson)
    it = GradsimApp(player.session, live=False, playing=True, playback=Playback(player))
    async with running(it, SMALL) as pilot:
        it.advance(0.1)
        assert "enter next" in await text(pilot)
        await press(pilot, "a")
        screen = await text(pilot)
        assert "enter return " in screen
        assert "enter next" not in screen
        assert "enter returns to the scenario" in screen
        await press(pilot, "enter")
        assert "enter next" in await text(pilot)


async def test_without_keys_of_ones_own_they_are_those_of_the_tables() -> None:
    it = app(depth=3)
    async with running(it, MIDDLE) as pilot:
        assert "a i n s c switch a part" in await text(pilot)
