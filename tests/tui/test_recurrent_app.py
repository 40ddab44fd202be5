"""The app on a recurrent network: the same pictures, with time steps for layers."""

from typing import Any

import pytest
from driving import LARGE, MIDDLE, SMALL, SameFrame, advance, app, press, running, text

from gradsim.tui.app import GradsimApp


def through_time(**knobs: Any) -> GradsimApp:
    usual: dict[str, Any] = {
        "cell": "rnn", "activation": "tanh", "data": "adding", "loss": "mean-squared-error",
        "width": 32, "batch_size": 16,
    }  # fmt: skip
    return app(**(usual | knobs))


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE])
async def test_backward_through_time(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = through_time()
    async with running(it, size) as pilot:
        advance(it, 2)
        await press(pilot, "shift+right", "shift+right", *["ctrl+right"] * 20)
        same_frame(f"through-time-{size[0]}x{size[1]}", await text(pilot))


async def test_the_wave_goes_back_one_time_step_at_a_time() -> None:
    it = through_time(sequence_length=9)
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "shift+right", "shift+right", "ctrl+right")
        places = []
        for _ in range(9):
            await press(pilot, "ctrl+right")
            header = (await text(pilot)).splitlines()[0]
            places.append(header.split("backward ")[1].split("  ")[0].strip(" …"))
        assert [place.split()[1] for place in places] == [str(t) for t in range(9, 0, -1)]
        screen = await text(pilot)
        assert "gradient by time step" in screen
        assert "state gradient" in screen


async def test_another_recurrent_layer_can_be_looked_at() -> None:
    it = through_time(recurrent_layers=2, cell="lstm", sequence_length=8)
    async with running(it, MIDDLE) as pilot:
        advance(it, 1)
        await press(pilot, "up")
        top = await text(pilot)
        assert "time step 2 of layer 2" in top
        await press(pilot, "v")
        below = await text(pilot)
        assert "time step 2 of layer 1" in below
        assert "recurrent layer 1 of 2" in below
        await press(pilot, "3")
        assert "from above" in await text(pilot)
        await press(pilot, "v")
        assert "time step 2 of layer 2" in await text(pilot)


async def test_a_cell_can_be_switched_to_and_back() -> None:
    it = app(data="digits-rows", width=8)
    async with running(it, MIDDLE) as pilot:
        advance(it, 1)
        await press(pilot, "e")
        assert it.session.experiment.cell == "rnn"
        assert "rnn 8, T 8" in await text(pilot)
        await press(pilot, "p", "E", "u", "U", "r", "pagedown", "pageup", "v")
        assert "there is one recurrent layer at the most" in await text(pilot)


async def test_one_time_step_is_no_way_through_time() -> None:
    it = app(cell="gru", width=8)
    async with running(it, MIDDLE) as pilot:
        advance(it, 1)
        assert "one time step" in await text(pilot)
        await press(pilot, "3")
        assert "One time step" in await text(pilot)
