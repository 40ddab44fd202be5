"""The view "data": it follows the step, and its keys say when they have nothing to do."""

from typing import Any

import pytest
from driving import MIDDLE, SMALL, SameFrame, advance, app, press, running, text
from textual.pilot import Pilot

from gradsim.tui.app import GradsimApp
from gradsim.tui.switching import Turn


async def asked(it: GradsimApp, pilot: Pilot[None]) -> str:
    """The screen once the network has been asked."""
    await text(pilot)
    it.advance(0.0)
    return await text(pilot)


RELU: dict[str, Any] = {"depth": 4, "activation": "relu", "initializer": "he-normal"}
CASES: dict[str, dict[str, Any]] = {
    "spirals": RELU | {"data": "two-spirals", "width": 32, "optimizer": "adam",
                       "learning_rate": 0.01},
    "digits": RELU,
    "wine": RELU | {"data": "wine"},
    "copy": {"cell": "gru", "data": "copy", "readout": "every", "width": 8,
             "sequence_length": 20, "activation": "tanh"},
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
async def test_data(name: str, same_frame: SameFrame) -> None:
    size = SMALL if name in ("digits", "wine") else MIDDLE
    it = app(**CASES[name])
    async with running(it, size) as pilot:
        advance(it, 25)
        await press(pilot, "7")
        same_frame(f"data-{name}-{size[0]}x{size[1]}", await asked(it, pilot))


async def test_it_follows_the_step_forward_and_back() -> None:
    it = app(**RELU)
    async with running(it) as pilot:
        await press(pilot, "7", "pagedown")
        first = await asked(it, pilot)
        assert "after 1 step " in first
        await press(pilot, "pagedown")
        assert "after 2 steps" in await asked(it, pilot)
        await press(pilot, "pageup")
        again = await asked(it, pilot)
        assert again.splitlines()[2:16] == first.splitlines()[2:16]


async def test_keys_turn_pages_or_say_why_not() -> None:
    it = app(**RELU)
    async with running(it) as pilot:
        advance(it, 3)
        await press(pilot, "7")
        assert "page 1 of 30" in await asked(it, pilot)
        await press(pilot, "g")
        assert "page 2 of 30" in await text(pilot)
        await press(pilot, "G", "G")
        assert "page 30 of 30" in await text(pilot)
        await press(pilot, "x")
        assert "only wrong, page 1 of" in await text(pilot)
    it = app(data="sine", loss="mean-squared-error", depth=2)
    async with running(it) as pilot:
        await press(pilot, "7")
        await asked(it, pilot)
        for key in ("x", "g", "m"):
            await press(pilot, key)
            assert "sine is drawn whole" in await text(pilot)


async def test_other_data_are_another_picture() -> None:
    it = app(depth=2, data="moons")
    async with running(it) as pilot:
        await press(pilot, "7")
        assert "A cell shows the class" in await asked(it, pilot)
        it.take(Turn({"data": "wine"}))
        assert "rows: true class" in await asked(it, pilot)
