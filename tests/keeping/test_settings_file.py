"""The settings file: what is wrong in it is said, what is right holds, changes leave the rest."""

import tomllib
from pathlib import Path
from typing import get_args

import pytest

from gradsim.errors import InputError
from gradsim.keeping.preferences import DEFAULTS, MARKERS, PREFERENCES, THEMES, Preferences
from gradsim.keeping.settings_file import change, changed, read
from gradsim.tui.theme import THEMES as DRAWN
from gradsim.view.plot import Markers


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_theme_and_every_kind_of_markers_can_be_set() -> None:
    assert list(DRAWN) == list(THEMES)
    assert set(MARKERS) == set(get_args(Markers))
    for name, declared in PREFERENCES.items():
        assert not declared.problem(DEFAULTS.value(name))


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert read(tmp_path / "settings.toml") == (DEFAULTS, [])


def test_settings_and_keys_are_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'markers = "ascii"\nreduced-motion = true\n[keys]\nplay = "p"\nmap.measure = "f5"\n',
    )
    assert read(path) == (
        Preferences(markers="ascii", reduced_motion=True, keys={"play": "p", "map.measure": "f5"}),
        [],
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('markers = "dots"', 'markers is "dots", but must be one of braille, block, ascii'),
        ("theme = 3", "theme is 3, but must be one of "),
        ('reduced-motion = "yes"', 'reduced-motion is "yes", but must be true or false'),
        ("low-bandwidth = 1", "low-bandwidth is 1, but must be true or false"),
        ('them = "dark"', 'there is no setting "them"; did you mean "theme"?'),
        ("keys = 1", "keys is 1, but must be a table"),
        ("[keys]\nplay = 1", 'keys.play is 1, but must be a key: "p"'),
        ("[keys.map.x]\nplay = 'a'", "keys.map.x is a table, but must be a key"),
        ("markers = ", "not valid TOML"),
        ("x = " + "[" * 2000, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_and_all_else_holds(text: str, sentence: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    preferences, problems = read(path)
    assert preferences == DEFAULTS
    assert len(problems) == 1
    assert sentence in problems[0]
    assert problems[0].startswith(str(path))
    if "valid" not in sentence:
        path = written(tmp_path, f"low-bandwidth = true\n{text.replace('low-bandwidth', 'a')}\n")
        assert read(path).preferences.low_bandwidth


def test_a_file_that_is_no_text_or_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8" in read(path).problems[0]
    with pytest.raises(InputError, match="cannot be read"):
        change(path, "markers", "block")
    assert path.read_bytes() == b"\xff\xfe\x00"
    assert "cannot be read" in read(tmp_path).problems[0]


def test_a_change_leaves_the_rest_of_the_file_as_it_is(tmp_path: Path) -> None:
    text = (
        '# mine\ntheme = "dark"\nmarkers = "block" # no braille here\n\n'
        '# hands\n[keys]\nplay = "p"\n'
    )
    path = written(tmp_path, text)
    change(path, "theme", "light")
    assert path.read_text() == text.replace('"dark"', '"light"')
    change(path, "reduced-motion", True)
    assert path.read_text() == text.replace('"dark"', '"light"').replace(
        "here\n", "here\nreduced-motion = true\n"
    )
    fresh = tmp_path / "not" / "there" / "settings.toml"
    change(fresh, "markers", "ascii")
    assert tomllib.loads(fresh.read_text()) == {"markers": "ascii"}
    assert [entry.name for entry in fresh.parent.iterdir()] == ["settings.toml"]


def test_what_cannot_be_changed_stays(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="f is not valid TOML, so it is left as it is"):
        changed("markers = ", "f", "markers", "block")
    with pytest.raises(InputError, match="does not stand on one line"):
        changed('markers = """\nblock"""', "f", "markers", "ascii")
    blocked = written(tmp_path, "")
    with pytest.raises(InputError, match="cannot be"):
        change(blocked / "settings.toml", "markers", "block")
