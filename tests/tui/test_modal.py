"""Lists and explanations close once, however fast keys are typed at them."""

import pytest
from driving import MIDDLE, app, press, running, text

from gradsim.tui.commands import Command
from gradsim.tui.modal import Modal
from gradsim.tui.palette import PaletteScreen


@pytest.mark.parametrize(
    "key", ["k", "K", "b", "comma", "question_mark", "f1", "colon", "ctrl+e"]
)  # fmt: skip
async def test_what_comes_after_it_has_closed_does_nothing(key: str) -> None:
    it = app(depth=3, width=4)
    async with running(it, MIDDLE) as pilot:
        before = await text(pilot)
        await press(pilot, key)
        over = it.screen
        assert isinstance(over, Modal)
        over.leave()
        over.leave()
        over.action_back()
        await pilot.pause(0)
        assert it.screen.id == "_default"
        assert await text(pilot) == before


async def test_of_two_choices_at_once_the_first_is_done() -> None:
    it = app(depth=3, width=4)
    async with running(it, MIDDLE) as pilot:
        done: list[Command | None] = []
        over = PaletteScreen([Command("a", "", "", "")], lambda command: "", str)
        await it.push_screen(over, done.append)
        over.action_back()
        over.on_input_submitted(over._input.Submitted(over._input, ""))
        await pilot.pause(0)
        assert done == [None]
        assert it.screen.id == "_default"
