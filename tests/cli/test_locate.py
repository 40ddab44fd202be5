"""`gradsim locate` and `gradsim list settings`."""

from pathlib import Path

import platformdirs
import pytest

from gradsim.cli.main import run
from gradsim.keeping.preferences import PREFERENCES


def test_it_says_where_everything_is(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["locate"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"settings  {home / 'settings.toml'}",
        f"sessions  {home / 'sessions'}",
        f"lessons   {home / 'lessons.toml'}",
        f"exports   {tmp_path}",
    ]
    monkeypatch.delenv("GRADSIM_HOME")
    assert run(["locate"]) == 0
    out = capsys.readouterr().out
    assert str(platformdirs.user_config_path("gradsim", appauthor=False)) in out
    assert str(platformdirs.user_state_path("gradsim", appauthor=False)) in out


def test_settings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "settings"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(PREFERENCES)
    assert all(
        declared.help in line for declared, line in zip(PREFERENCES.values(), lines, strict=True)
    )
