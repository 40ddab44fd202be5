"""The real app, driven by keys with a clock moved by hand."""

import numpy as np
import pytest
from driving import LARGE, MIDDLE, SMALL, SameFrame, advance, app, line, press, running, text
from textual.widgets import OptionList

from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session
from gradsim.tui.help import HelpScreen
from gradsim.tui.keys import KEYS


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frames_of_the_first_minute(size: tuple[int, int], same_frame: SameFrame) -> None:
    name = f"{size[0]}x{size[1]}"
    it = app()
    async with running(it, size) as pilot:
        await pilot.pause(0)
        same_frame(f"start-{name}", await text(pilot))
        await press(pilot, "pagedown", "pagedown", "shift+right", "shift+right")
        it.driver.request(Advance(Grain.LAYER, 8))
        it.advance(0.0)
        same_frame(f"backward-{name}", await text(pilot))
        await press(pilot, "a")
        same_frame(f"relu-{name}", await text(pilot))
        await press(pilot, "i", "pageup")
        advance(it, 40)
        same_frame(f"repaired-{name}", await text(pilot))


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frames_of_the_odd_states(size: tuple[int, int], same_frame: SameFrame) -> None:
    name = f"{size[0]}x{size[1]}"
    it = app(activation="relu", initializer="he-normal", skip="residual", learning_rate=10.0)
    async with running(it, size) as pilot:
        advance(it, 60)
        same_frame(f"not-finite-{name}", await text(pilot))
    async with running(app(initializer_gain=0.0), size) as pilot:
        await press(pilot, "pagedown")
        same_frame(f"dead-{name}", await text(pilot))
    it = app(depth=300, width=8, batch_size=8)
    async with running(it, size) as pilot:
        await press(pilot, "pagedown", "shift+right", "shift+right")
        it.driver.request(Advance(Grain.LAYER, 99))
        it.advance(0.0)
        same_frame(f"deep-{name}", await text(pilot))


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_frames_of_the_cures_and_of_the_panel(
    size: tuple[int, int], same_frame: SameFrame
) -> None:
    name = f"{size[0]}x{size[1]}"
    it = app(depth=10, width=16, activation="relu", initializer="he-normal", learning_rate=0.1)
    async with running(it, size) as pilot:
        advance(it, 12)
        await press(pilot, "p", "c", "[")
        advance(it, 12)
        await press(pilot, "h", "h")
        same_frame(f"clipping-beside-a-pinned-run-{name}", await text(pilot))
        await press(pilot, "k", "down", "down", "down")
        same_frame(f"knobs-{name}", await text(pilot))
        await press(pilot, "enter")
        same_frame(f"choices-{name}", await text(pilot))
        await press(pilot, "escape", "escape", "s", "n")
        same_frame(f"skip-and-batch-norm-{name}", await text(pilot))


async def test_help_frame_names_every_key(same_frame: SameFrame) -> None:
    async with running(app(), (100, 130)) as pilot:
        await press(pilot, "question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        screen = await text(pilot)
        for key in KEYS:
            assert key.about.split(" (")[0][:40] in screen
        same_frame("help-100x130", screen)
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, HelpScreen)


async def test_the_wave_is_filled_by_events_forward_then_back() -> None:
    it = app(depth=6, width=4, batch_size=4)
    async with running(it) as pilot:
        for _ in range(3):
            await press(pilot, "right", "right")
        strip = line(await text(pilot), "forward ▶")
        assert strip.count("·") == 4, strip  # three of seven layers have been passed
        await press(pilot, "shift+right", "shift+right", "ctrl+right", "ctrl+right")
        screen = await text(pilot)
        assert line(screen, "forward ▶").count("·") == 0
        assert line(screen, "◀ backward").count("·") == 5
        assert "◀" in line(screen, "layer  ")


async def test_left_undoes_right_at_every_grain() -> None:
    it = app(depth=4, width=5, batch_size=6, normalization="batch", skip="residual")
    async with running(it) as pilot:
        await press(pilot, *["pagedown"] * 3, *["right"] * 7)
        before = await text(pilot)
        values = it.session.network().parameters.values.copy()
        for forth, back in (
            ("right", "left"),
            ("ctrl+right", "ctrl+left"),
            ("shift+right", "shift+left"),
            ("pagedown", "pageup"),
        ):
            where = it.session.cursor
            await press(pilot, forth, back)
            await press(pilot, *["right"] * (where.op - it.session.cursor.op))
            assert it.session.cursor == where
            assert await text(pilot) == before
            np.testing.assert_array_equal(it.session.network().parameters.values, values)


async def test_back_at_the_start_says_so_and_changes_nothing() -> None:
    it = app()
    async with running(it) as pilot:
        await press(pilot, "left", "pageup")
        assert it.session.cursor == (0, 0)
        assert "this is the start of the run" in await text(pilot)


async def test_space_plays_and_pauses_at_the_speed_shown() -> None:
    it = app(playing=True)
    async with running(it) as pilot:
        it.advance(1.0)
        assert it.session.cursor == (0, 30)
        assert "▶ 30 ops/s" in await text(pilot)
        await press(pilot, "plus")
        assert "▶ 100 ops/s" in await text(pilot)
        it.advance(0.5)
        assert it.session.cursor == (0, 80)
        await press(pilot, "space")
        assert "❚❚" in await text(pilot)
        it.advance(5.0)
        assert it.session.cursor == (0, 80)
        await press(pilot, "minus", "minus", "minus", "minus", "minus", "space")
        it.advance(1.0)
        assert it.session.cursor == (0, 81)


async def test_full_speed_makes_steps() -> None:
    it = app(playing=True, depth=3, width=8)
    async with running(it) as pilot:
        await press(pilot, "f")
        first = it.session.cursor.step
        for _ in range(10):
            it.advance()
        assert it.session.cursor == (first + 10, 0)
        assert "full speed" in await text(pilot)


@pytest.mark.parametrize("name", [name for name, knob in KNOBS.items() if knob.key])
async def test_each_switch_key_goes_on_and_back(name: str) -> None:
    knob = KNOBS[name]
    it = app(depth=3, width=8, clip="value")
    async with running(it) as pilot:
        start = it.session.experiment.value(name)
        await press(pilot, knob.key)
        after = it.session.experiment.value(name)
        assert after == knob.neighbor(start, 1)
        await press(pilot, knob.back)
        assert it.session.experiment.value(name) == start


async def test_two_keys_repair_the_default() -> None:
    it = app()
    async with running(it) as pilot:
        await press(pilot, "a", "i")
        assert it.session.experiment.activation == "relu"
        assert it.session.experiment.initializer == "he-normal"
        assert "HEALTHY" in await text(pilot)


async def test_a_switch_says_in_numbers_what_it_did_and_leaves_a_ghost() -> None:
    it = app()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "pagedown", "a")
        screen = await text(pilot)
        done = it.session.switched
        assert done is not None
        said = line(screen, "sigmoid → relu")
        delta = done.before.column("delta_norm")
        assert delta is not None
        assert f"{delta[0]:.1e}".replace("e-0", "e-") in said
        assert "decades" in said
        assert "weights kept" in said
        assert "⠄⠄⠄ before" in screen


async def test_clipping_says_what_it_does_to_the_norm() -> None:
    it = app(activation="relu", initializer="he-normal", depth=5, width=16)
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "pagedown", "c", "[", "[", "[")
        done = it.session.switched
        assert done is not None
        assert done.after.clipped_grad_norm == pytest.approx(0.1, rel=1e-4)
        said = line(await text(pilot), "clip-threshold 0.2 → 0.1")
        assert "gradients as before, norm after clipping 0.2 → 0.1" in said


async def test_a_switch_that_cannot_be_made_says_why_and_changes_nothing() -> None:
    it = app(batch_size=1)
    async with running(it) as pilot:
        await press(pilot, "pagedown")
        where, runs = it.session.cursor, len(it.session.runs)
        await press(pilot, "k", *["down"] * list(KNOBS).index("normalization"), "enter")
        await press(pilot, "down", "enter")
        assert "normalization batch needs a batch-size of at least 2" in await text(pilot)
        assert (it.session.cursor, len(it.session.runs)) == (where, runs)
        assert it.session.experiment.normalization == "none"


async def test_a_key_goes_past_what_cannot_be_made_and_says_so() -> None:
    it = app(batch_size=1)
    async with running(it) as pilot:
        await press(pilot, "n")
        assert it.session.experiment.normalization == "layer"
        screen = await text(pilot)
        assert "batch left out: " in screen
        assert "needs a batch-size of at least 2" in screen


async def test_again_is_the_same_and_new_seed_is_not() -> None:
    it = app(depth=3, width=8)
    async with running(it) as pilot:
        await press(pilot, "pagedown", "pagedown", "pagedown")
        losses = [record.loss for record in it.session.past()]
        await press(pilot, "a", "A", "r")
        await press(pilot, "pagedown", "pagedown", "pagedown")
        assert [record.loss for record in it.session.past()] == losses
        await press(pilot, "R", "pagedown", "pagedown", "pagedown")
        assert [record.loss for record in it.session.past()] != losses
        assert it.session.experiment.seed == 1


async def test_acting_in_the_past_keeps_the_old_future() -> None:
    it = app(depth=3, width=8)
    async with running(it) as pilot:
        await press(pilot, *["pagedown"] * 6)
        future = [record.loss for record in it.session.past()]
        await press(pilot, "pageup", "pageup", "a", "pagedown", "pagedown")
        assert [record.loss for record in it.session.past()][:4] == future[:4]
        assert it.session.past()[4].loss != future[4]
        await press(pilot, "u", "pagedown", "pagedown")
        assert [record.loss for record in it.session.past()] == future


async def test_undo_and_redo_of_switches() -> None:
    it = app(depth=3, width=8)
    async with running(it) as pilot:
        await press(pilot, "pagedown", "a", "n")
        there = it.session.cursor, it.session.experiment
        await press(pilot, "u", "u")
        assert it.session.experiment == Experiment.of({"depth": 3, "width": 8})
        assert it.session.cursor == (1, 0)
        await press(pilot, "U", "U")
        assert (it.session.cursor, it.session.experiment) == there
        await press(pilot, "U")
        assert "nothing has been undone" in await text(pilot)
        await press(pilot, "u", "u", "u")
        assert "nothing to undo" in await text(pilot)


async def test_the_panel_sets_any_knob_by_list_and_by_hand() -> None:
    it = app(depth=3, width=8)
    async with running(it) as pilot:
        await press(pilot, "k")
        screen = await text(pilot)
        for name in ("activation", "leaky-slope", "initializer-fan"):
            assert name in screen
        await press(pilot, "enter", "down", "enter")
        assert it.session.experiment.activation == "relu"
        await press(pilot, *["down"] * list(KNOBS).index("initializer-gain"))
        assert "initializer-gain" in await text(pilot)
        await press(pilot, "enter", "backspace", "x", "enter")
        screen = await text(pilot)
        assert 'initializer-gain is "x", but must be a finite number' in screen
        assert it.session.experiment.initializer_gain == 1.0
        await press(pilot, "backspace", "2", "enter")
        assert it.session.experiment.initializer_gain == 2.0
        await press(pilot, "q")
        assert "forward ▶" in await text(pilot)


async def test_the_panel_sets_a_single_layer_and_takes_it_back() -> None:
    it = app(depth=3, width=8)
    async with running(it) as pilot:
        await press(pilot, "k", "tab")
        screen = await text(pilot)
        assert "layer 1" in screen
        assert "learning-rate" not in screen
        await press(pilot, "enter", "down", "enter")
        assert it.session.experiment.at(1)["activation"] == "relu"
        assert it.session.experiment.at(2)["activation"] == "sigmoid"
        await press(pilot, "q")
        assert "layer 1 (relu)" in await text(pilot)
        await press(pilot, "k", "tab", "x")
        assert it.session.experiment.at(1)["activation"] == "sigmoid"
        assert it.session.experiment.overrides == ()


async def test_a_knob_without_effect_says_so() -> None:
    it = app(depth=3, width=8)
    async with running(it) as pilot:
        await press(pilot, "]")
        assert "clip-threshold does nothing now: clip is none; c turns it on" in await text(pilot)
        assert it.session.experiment.clip_threshold == 1.0
        await press(pilot, "k", "down")
        assert "does nothing now" in await text(pilot)


@pytest.mark.parametrize("key", ["u", "U", "r", "left_square_bracket"])
async def test_no_key_is_silent(key: str) -> None:
    it = app(depth=3, width=8)
    async with running(it) as pilot:
        assert it.driver.message == ""
        await press(pilot, key)
        assert it.driver.message


async def test_pin_keeps_a_profile_and_lets_go() -> None:
    it = app()
    async with running(it, MIDDLE) as pilot:
        await press(pilot, "pagedown", "p")
        assert "○⠄ pinned" in await text(pilot)
        await press(pilot, "p")
        assert "○⠄ pinned" not in await text(pilot)


async def test_up_and_down_select_a_layer_and_show_its_numbers() -> None:
    it = app(depth=3, width=8)
    async with running(it) as pilot:
        await press(pilot, "pagedown", "up", "up")
        record = it.session.past()[-1]
        column = record.column("delta_norm")
        assert column is not None
        assert f"delta {column[2]:.3g}" in line(await text(pilot), "layer 3")
        await press(pilot, "up", "up", "up")
        assert line(await text(pilot), "output")
        await press(pilot, *["down"] * 9)
        assert it.layer == 1


@pytest.mark.parametrize("size", [(59, 30), (80, 17), (1, 1), (20, 5)])
async def test_too_small_is_a_sentence(size: tuple[int, int]) -> None:
    async with running(app(), size) as pilot:
        await press(pilot, "right", "a", "space")
        if size[0] >= 20:
            shown = " ".join((await text(pilot)).split())
            assert shown == f"gradsim needs 60x18; this terminal is {size[0]}x{size[1]}"


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (100, 30), (120, 40), (200, 60), (300, 100)])
async def test_every_size_fills_the_screen(size: tuple[int, int]) -> None:
    async with running(app(), size) as pilot:
        await press(pilot, "pagedown")
        rows = (await text(pilot)).splitlines()
        assert len(rows) == size[1]
        assert max(len(row) for row in rows) <= size[0]
        assert rows[0].startswith(" gradsim")
        assert rows[-1].rstrip().endswith("q quit")
        assert any("VANISHING" in row for row in rows)


async def test_resizing_while_playing_keeps_going() -> None:
    it = app(playing=True, depth=5, width=8)
    async with running(it, MIDDLE) as pilot:
        for size in ((80, 24), (40, 10), (200, 60), (60, 18), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause(0)
            it.advance(0.5)
            assert len((await text(pilot)).split("\n")) == size[1]
        assert it.session.cursor > (0, 60)


async def test_a_thousand_layers_fit_and_move() -> None:
    it = app(depth=1000, width=2, batch_size=2)
    async with running(it) as pilot:
        await press(pilot, "pagedown", "right")
        assert it.session.cursor == (1, 1)
        assert "VANISHING" in await text(pilot)


async def test_keys_mashed_never_break_it() -> None:
    it = app(playing=True, depth=3, width=4, batch_size=4)
    rng = np.random.default_rng(7)
    # Depth and width would only make it slow; the panel has a test of its own.
    left_out = ("quit", "knobs", "knob('depth', 1)", "knob('width', 1)")
    names = [key.keys.split(",")[0] for key in KEYS if key.action not in left_out]
    async with running(it) as pilot:
        for _ in range(60):
            await pilot.press(names[int(rng.integers(len(names)))])
            if isinstance(pilot.app.screen, HelpScreen):
                await pilot.press("escape")
            it.advance(0.05)
        assert (await text(pilot)).count("\n") == 23
    replayed = Session(Experiment.of({"depth": 3, "width": 4, "batch-size": 4}))
    for action in it.session.actions:
        replayed.do(action)
    assert replayed.cursor == it.session.cursor
    np.testing.assert_array_equal(
        replayed.network().parameters.values, it.session.network().parameters.values
    )


def test_every_key_is_bound_once() -> None:
    bound = [name for key in KEYS for name in key.keys.split(",")]
    assert len(bound) == len(set(bound))


async def test_q_quits() -> None:
    it = app()
    async with running(it) as pilot:
        await press(pilot, "q")
    assert it.return_code == 0


async def test_loss_shown_is_the_loss_of_the_network() -> None:
    it = app(depth=3, width=8)
    async with running(it, LARGE) as pilot:
        await press(pilot, *["pagedown"] * 4)
        fresh = Session(Experiment.of({"depth": 3, "width": 8}))
        fresh.do(Advance(Grain.STEP, 4))
        loss = fresh.past()[-1].loss
        assert loss is not None
        assert f"loss {loss:.3g}" in await text(pilot)


async def test_enter_twice_at_once_in_the_panel_does_not_end_the_app() -> None:
    it = app(depth=3, width=8)
    async with running(it) as pilot:
        await press(pilot, "k")
        for _ in range(2):
            pilot.app.screen.query_one(OptionList).action_select()
        await pilot.pause(0.1)
        assert it.return_code in (None, 0)
        await press(pilot, "escape", "escape", "pagedown")
        assert it.session.cursor.step == 1
