"""The panel of settings, and the settings that the app follows."""

import tomllib
from pathlib import Path

import pytest
from driving import SMALL, SameFrame, advance, app, press, running, text

from gradsim.keeping.settings_file import read
from gradsim.scenario.shelf import find
from gradsim.simulation.budget import MIB, Budget


async def test_a_change_is_seen_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same_frame: SameFrame
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADSIM_HOME", "home")  # short, as it is in the frame
    home = tmp_path / "home"
    it = app(depth=3)
    async with running(it, SMALL) as pilot:
        advance(it, 3)
        assert "*** delta" not in await text(pilot)
        await press(pilot, "comma", "down")
        same_frame("settings-80x24", await text(pilot))
        await press(pilot, "right", "right")
        assert it.settings.markers == "ascii"
        await press(pilot, "down", "enter", "escape")
        assert it.settings.reduced_motion
        assert "*** delta" in await text(pilot)
    assert tomllib.loads((home / "settings.toml").read_text()) == {
        "markers": "ascii",
        "reduced-motion": True,
    }
    assert read(home / "settings.toml").preferences == it.preferences


async def test_what_cannot_be_kept_holds_for_now_and_is_said(home: Path) -> None:
    (home / "settings.toml").mkdir()
    it = app(depth=2)
    async with running(it, SMALL) as pilot:
        await press(pilot, "comma", "down", "right")
        assert it.settings.markers == "block"
        assert "for now only: " in await text(pilot)
        await press(pilot, "up")
        assert "for now only" not in await text(pilot)


async def test_the_budget_for_the_past_is_a_setting_and_its_use_is_shown(home: Path) -> None:
    it = app(depth=2)
    async with running(it, SMALL) as pilot:
        advance(it, 3)
        await press(pilot, "comma", "up")
        said = " ".join((await text(pilot)).replace("│", "").split())
        assert f"In use: {it.session.memory.words()}" in said
        await press(pilot, "right")
        assert it.session.budget == Budget(1024 * MIB)
        assert "of 1024 MiB" in await text(pilot)
    assert read(home / "settings.toml").preferences.budget() == Budget(1024 * MIB)


async def test_a_lesson_has_the_same_budget() -> None:
    it = app(depth=2)
    it.session.remember(Budget(64 * MIB))
    lesson = it.lessons.enter(find("sigmoid-starves-relu-repairs"), it.driver)
    assert lesson.session.budget == Budget(64 * MIB)
