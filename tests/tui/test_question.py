"""A question of a lesson: it waits, its choices are chosen with keys, and then it says why."""

import pytest
from driving import MIDDLE, SMALL, SameFrame, app, press, running, text
from textual.pilot import Pilot

from gradsim.recording.film import plain
from gradsim.scenario.player import Player
from gradsim.scenario.reading import parse
from gradsim.tui.app import GradsimApp
from gradsim.tui.filming import film
from gradsim.tui.headless import frames
from gradsim.tui.playback import Playback

TEXT = """
title = "a question"

[experiment]
depth = 3
width = 8
batch-size = 16

[[steps]]
show = { view = "why", layer = 2 }

[[steps]]
ask = { question = "What does the gradient do?", choices = [
    "it grows on its way back",
    "it shrinks on its way back",
], answer = "it shrinks on its way back", explanation = "Each sigmoid takes three quarters." }

[[steps]]
run = { steps = 1 }

[[steps]]
show = { view = "flow", layer = "output" }

[[steps]]
wait = 3.0

[[steps]]
say = "You have seen it."
"""


def playing() -> GradsimApp:
    playback = Playback(Player(parse(TEXT, "test.toml")))
    return GradsimApp(playback.player.session, live=False, playback=playback)


def playback_of(it: GradsimApp) -> Playback:
    assert it.driver.playback is not None
    return it.driver.playback


async def until_asked(it: GradsimApp, pilot: Pilot[None]) -> str:
    for _ in range(100):
        it.advance(0.1)
        await pilot.pause(0)
        if it.driver.playback and it.driver.playback.open:
            break
    it.paint()
    return await text(pilot)


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_it_waits_until_it_is_answered(size: tuple[int, int], same_frame: SameFrame) -> None:
    it = playing()
    async with running(it, size) as pilot:
        await until_asked(it, pilot)
        for _ in range(50):
            it.advance(10.0)
        screen = await text(pilot)
        assert "What does the gradient do?" in screen
        assert "three quarters" not in screen
        assert it.session.cursor == (0, 0)
        same_frame(f"question-{size[0]}x{size[1]}", screen)
        await press(pilot, "down")
        assert "▶ it grows" in await text(pilot)
        await press(pilot, "down", "down")
        assert "▶ it shrinks" in await text(pilot)
        await press(pilot, "enter")
        screen = await text(pilot)
        assert "Right: Each sigmoid takes three quarters." in screen
        assert "✓ it shrinks" in screen
        assert it.session.cursor == (0, 0)
        await press(pilot, "enter")
        for _ in range(40):
            it.advance(0.1)
        assert it.session.cursor.step == 1


async def test_a_wrong_answer_is_told_and_the_right_one_shown() -> None:
    it = playing()
    async with running(it, MIDDLE) as pilot:
        await until_asked(it, pilot)
        await press(pilot, "down", "enter")
        screen = await text(pilot)
        assert "✗ it grows" in screen
        assert "✓ it shrinks" in screen
        assert "Not so: Each sigmoid" in screen


async def test_one_press_of_enter_too_many_gives_nothing_away() -> None:
    it = playing()
    async with running(it, MIDDLE) as pilot:
        await until_asked(it, pilot)
        await press(pilot, "enter")
        screen = await text(pilot)
        assert "▶ it grows" in screen
        assert "Each sigmoid" not in screen
        await press(pilot, "enter")
        assert "Not so: Each sigmoid" in await text(pilot)


async def test_the_arrows_choose_in_any_view_and_select_layers_again_behind_it() -> None:
    it = playing()
    async with running(it, MIDDLE) as pilot:
        await until_asked(it, pilot)
        assert (it.settings.view, it.layer) == ("why", 2)
        await press(pilot, "5", "down")
        assert it.settings.view == "waterfall"
        assert "▶ it grows" in await text(pilot)
        await press(pilot, "up", "enter", "3", "up")
        assert it.layer == 3


async def test_a_question_is_put_aside_by_taking_over_and_comes_back() -> None:
    it = playing()
    async with running(it, MIDDLE) as pilot:
        await until_asked(it, pilot)
        await press(pilot, "pagedown")
        screen = await text(pilot)
        assert "You have taken over" in screen
        assert "What does the gradient" not in screen
        await press(pilot, "enter")
        it.advance(0.0)
        # It returns, and the answer is still to be given.
        await press(pilot, "down")
        assert "▶ it grows" in await text(pilot)
        assert it.session.cursor == (0, 0)


async def test_the_mouse_answers() -> None:
    it = playing()
    async with running(it, MIDDLE) as pilot:
        screen = await until_asked(it, pilot)
        y = next(k for k, line in enumerate(screen.splitlines()) if "it shrinks" in line)
        await pilot.click(offset=(10, y))
        await pilot.pause(0)
        assert "Right: Each sigmoid" in await text(pilot)


async def test_a_view_and_a_layer_are_shown_and_time_is_waited() -> None:
    it = playing()
    async with running(it, MIDDLE) as pilot:
        await until_asked(it, pilot)
        await press(pilot, "down", "enter", "enter")
        for _ in range(100):
            it.advance(0.1)
            if it.settings.view == "flow":
                break
        assert it.selected == 4
        assert playback_of(it).narration == ""
        waited = 0
        while not playback_of(it).narration and waited < 100:
            it.advance(0.1)
            waited += 1
        assert 10 < waited < 35
        # Back to the question: what is on screen is what it showed then.
        await press(pilot, "backspace")
        it.advance(0.0)
        assert it.settings.view == "why"
        assert it.selected == 2


def test_a_film_gives_the_answer_after_a_while() -> None:
    made = film(parse(TEXT, "test.toml"), 80, 24)
    texts = ["\n".join(plain(row) for row in shot.picture) for shot in made.shots]
    asked = next(k for k, text in enumerate(texts) if "What does the gradient" in text)
    answered = next(k for k, text in enumerate(texts) if "Answer: Each sigmoid" in text)
    waited = made.shots[answered].seconds - made.shots[asked].seconds
    assert waited == pytest.approx(5.0, abs=0.2)
    assert made.seconds < 30


def test_text_frames_have_the_question_twice_and_no_waiting() -> None:
    shown = list(frames(parse(TEXT, "test.toml"), 80, 24))
    assert len(shown) == 6
    assert "What does the gradient do?" in shown[1]
    assert "three quarters" not in shown[1]
    assert "✓ it shrinks" in shown[2]
    assert "Answer: Each sigmoid takes three quarters." in shown[2]
    assert "You have seen it." in shown[5]


async def test_leaving_a_lesson_takes_the_keys_from_its_question() -> None:
    it = app(depth=3, width=8)
    async with running(it, MIDDLE) as pilot:
        it.play_lesson(parse(TEXT, "test.toml"))
        await until_asked(it, pilot)
        await press(pilot, "down")
        it.leave_lesson()
        for _ in range(10):
            await pilot.pause(0)
        assert it.driver.playback is None
        await press(pilot, "up")
        assert it.layer == 3
        it.play_lesson(parse(TEXT, "test.toml"))
        for _ in range(10):
            await pilot.pause(0)
        await press(pilot, "down")
        assert "▶ it shrinks" in await text(pilot)


async def test_back_opens_a_question_again() -> None:
    it = playing()
    async with running(it, MIDDLE) as pilot:
        await until_asked(it, pilot)
        await press(pilot, "down", "enter")
        assert "Not so" in await text(pilot)
        await press(pilot, "backspace")
        assert playback_of(it).open
        assert "Each sigmoid" not in await text(pilot)
        await press(pilot, "down", "down", "enter")
        assert "Right: Each sigmoid" in await text(pilot)


async def test_on_a_small_screen_the_view_keeps_its_room_and_the_foot_says_how_to_answer() -> None:
    playback = Playback(Player(parse(TEXT.replace('"why"', '"layer"', 1), "test.toml")))
    it = GradsimApp(playback.player.session, live=False, playback=playback)
    async with running(it, SMALL) as pilot:
        await until_asked(it, pilot)
        await press(pilot, "shift+right", "shift+right", "shift+right", "enter")
        for _ in range(30):
            it.advance(0.1)
        screen = await text(pilot)
        assert "What does the gradient do?" in screen
        assert "too small" not in screen
        assert "its slope" in screen
        foot = screen.splitlines()[-1]
        assert foot.startswith(" ↑ choose  enter answer  m more")
        await press(pilot, "down", "enter")
        foot = (await text(pilot)).splitlines()[-1]
        assert "enter next" in foot


@pytest.mark.parametrize("view", ["flow", "why", "weight", "waterfall", "data"])
async def test_no_view_is_too_small_beside_a_question(view: str) -> None:
    text_ = TEXT.replace('"why"', f'"{view}"', 1).replace(
        "[[steps]]\nask", "[[steps]]\nrun = { steps = 1 }\n\n[[steps]]\nask"
    )
    playback = Playback(Player(parse(text_, "test.toml")))
    it = GradsimApp(playback.player.session, live=False, playback=playback)
    async with running(it, SMALL) as pilot:
        await until_asked(it, pilot)
        for _ in range(5):
            it.advance(0.1)
        assert it.settings.view == view
        assert "too small" not in await text(pilot)


async def test_enter_goes_on_with_a_lesson_in_a_view_that_has_another_use_for_it() -> None:
    text_ = TEXT.replace('"why"', '"waterfall"', 1)
    playback = Playback(Player(parse(text_, "test.toml")))
    it = GradsimApp(playback.player.session, live=False, playback=playback)
    async with running(it, SMALL) as pilot:
        await until_asked(it, pilot)
        await press(pilot, "down", "enter")
        assert "enter next" in await text(pilot)
        await press(pilot, "enter")
        it.advance(0.5)
        assert it.session.cursor.op > 0
        await press(pilot, "space", "pagedown", "pagedown")
        assert playback.taken_over
        await press(pilot, "home")
        # Now the cursor stands elsewhere, and its own use of the key makes sense.
        assert "enter go" in (await text(pilot)).splitlines()[-1]
        await press(pilot, "enter")
        assert playback.taken_over
        assert it.session.cursor == (1, 0)
