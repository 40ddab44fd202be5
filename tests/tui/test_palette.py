"""The palette: every action and every choice by its name, made from the tables of keys."""

import pytest
from driving import LARGE, MIDDLE, SMALL, SameFrame, advance, app, line, press, running, text

from gradsim.experiment.experiment import KNOBS
from gradsim.tui.commands import HIDDEN, NAMES, commands, found
from gradsim.tui.keys import KEYS
from gradsim.tui.knobs import KnobScreen
from gradsim.tui.palette import PaletteScreen
from gradsim.tui.views import VIEWS

ALL = commands()


def test_every_key_view_and_choice_is_there_once() -> None:
    actions = [(command.view, command.action) for command in ALL]
    assert len(actions) == len(set(actions))
    for key in KEYS:
        assert (("", key.action) in actions) != (key.action in HIDDEN)
    for view in VIEWS:
        assert ("", f"view('{view.NAME}')") in actions
        assert all((view.NAME, key.action) in actions for key in view.load().KEYS)
    for name, knob in KNOBS.items():
        assert all(("", f"set('{name}', '{choice}')") in actions for choice in knob.choices)
        assert ("", f"choose('{name}')") in actions


def test_names_are_noun_and_verb_and_different() -> None:
    names = [command.name for command in ALL]
    assert all(": " in name for name in names)
    assert len(names) == len(set(names))
    assert all(command.about for command in ALL)


def test_no_name_is_left_of_an_action_that_is_gone() -> None:
    assert set(NAMES) <= {key.action for key in KEYS} | {f"view('{v.NAME}')" for v in VIEWS}


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("relu", "activation: relu"),
        ("activation: relu", "activation: relu"),
        ("view why", "view: why"),
        ("undo", "switch: undo"),
        ("again", "session: again from step 0"),
        ("act tan", "activation: tanh"),
    ],
)
def test_a_few_letters_find_it(query: str, first: str) -> None:
    assert found(query, ALL)[0].name == first


def test_words_of_the_line_on_it_find_it_too_and_nonsense_finds_nothing() -> None:
    assert any(command.name.startswith("activation: ") for command in found("max(0, x)", ALL))
    assert found("qqqqqq", ALL) == []
    assert found("  ", ALL) == ALL


async def test_letters_and_enter_do_it() -> None:
    it = app(depth=3, width=4)
    async with running(it, SMALL) as pilot:
        await press(pilot, "colon", *"relu", "enter")
        assert it.driver.experiment.activation == "relu"
        await press(pilot, "ctrl+p", *"view why", "enter")
        assert it.settings.view == "why"
        await press(pilot, "colon", *"weight zoom", "enter")
        await press(pilot, "colon", "escape")
        assert not isinstance(it.screen, PaletteScreen)
        # Typed values have their field.
        await press(pilot, "colon", *"width: type", "enter")
        await press(pilot, *["backspace"] * 3, "6", "enter", "escape")
        assert it.driver.experiment.width == 6


async def test_a_view_s_own_command_opens_the_view() -> None:
    it = app(depth=3, width=4)
    async with running(it, SMALL) as pilot:
        advance(it, 1)
        await press(pilot, "colon", *"weight: to the weight with", "enter")
        assert it.settings.view == "weight"


async def test_what_makes_no_sense_says_why_before_and_after() -> None:
    it = app(depth=3, width=4)
    async with running(it, SMALL) as pilot:
        await press(pilot, "colon", *"switch: undo")
        assert "nothing has been switched in this run" in await text(pilot)
        await press(pilot, "enter")
        assert line(await text(pilot), "nothing has been switched in this run")
        await press(pilot, "colon", *"activation: sigmoid", "enter")
        assert it.driver.message == "activation is sigmoid already"


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frame_of_the_palette(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = app(depth=3, width=4)
    async with running(it, size) as pilot:
        await press(pilot, "colon", *"clip", "down")
        await text(pilot)
        await pilot.pause(0)
        same_frame(f"palette-{size[0]}x{size[1]}", await text(pilot))


async def test_the_list_goes_on_by_pages_and_ends() -> None:
    it = app(depth=3, width=4)
    async with running(it, LARGE) as pilot:
        await press(pilot, "colon", "up", "pageup", "pagedown", "pagedown", *["pagedown"] * 40)
        assert isinstance(it.screen, PaletteScreen)
        assert ALL[-1].about in await text(pilot)


async def test_choices_that_were_asked_for_alone_close_at_once() -> None:
    it = app()
    async with running(it, SMALL) as pilot:
        await press(pilot, "K")
        assert "q closes" in await text(pilot)
        await press(pilot, "escape")
        assert not isinstance(it.screen, KnobScreen)
        # From the list of all knobs they go back to it.
        await press(pilot, "k", "down", "enter", "escape")
        assert isinstance(it.screen, KnobScreen)


async def test_the_choices_of_the_last_switch_with_their_formulas() -> None:
    it = app(depth=3, width=4)
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "s", "K")
        screen = await text(pilot)
        assert "residual-scaled" in screen
        assert KNOBS["skip"].choices["residual"][:20] in screen
        await press(pilot, "escape", "escape")
