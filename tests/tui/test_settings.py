"""The panel of settings, and the settings that the app follows."""

import tomllib
from pathlib import Path

import pytest
from driving import SMALL, SameFrame, advance, app, press, running, text

from gradsim.keeping.settings_file import read


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
