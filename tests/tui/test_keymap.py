"""Keys of the user's own: they work, foot and help show them, and what cannot be had is said."""

from pathlib import Path

import pytest
from driving import MIDDLE, app, press, running, text
from textual.binding import Binding

from gradsim.cli.main import run
from gradsim.experiment.experiment import Experiment
from gradsim.keeping.preferences import Preferences
from gradsim.keeping.settings_file import read
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp
from gradsim.tui.binding import full_name, key_names, shown
from gradsim.tui.keymap import APP, keymap, tables


def with_keys(**keys: str) -> GradsimApp:
    preferences = Preferences(keys={name.replace("_", "-"): key for name, key in keys.items()})
    session = Session(Experiment.of({"depth": 3}))
    return GradsimApp(session, live=False, playing=False, preferences=preferences)


def test_every_key_has_a_name_of_its_own_that_a_settings_file_can_hold(tmp_path: Path) -> None:
    names = [full_name(table, key) for table, keys in tables().items() for key in keys]
    assert len(set(names)) == len(names)
    assert not {key.name for key in tables()[APP]} & set(tables())
    path = tmp_path / "settings.toml"
    path.write_text("[keys]\n" + "".join(f'{name} = "f5"\n' for name in names))
    preferences, problems = read(path)
    assert problems == []
    assert list(preferences.keys) == names


def test_keys_as_they_come_clash_with_nothing_in_their_table() -> None:
    for name, keys in tables().items():
        taken = [part for key in keys for part in key.keys.split(",")]
        assert len(set(taken)) == len(taken), name
    for table, keys in tables().items():
        for key in keys:
            typed = key_names(key.keys)
            assert typed, key
            made = list(Binding.make_bindings([Binding(key.keys, key.action)]))
            assert typed == [binding.key for binding in made]
            full = full_name(table, key)
            # What one has already can be asked for, unless a view has that key too.
            _, problems = keymap({full: key.keys})
            assert all(" but that key is " in problem for problem in problems)


async def test_a_key_of_ones_own_works_and_is_shown() -> None:
    it = with_keys(play="p", pin="space", knob_activation="ctrl+a", open_why="f3", select="n,f4",
                   knob_normalization="f7")  # fmt: skip
    async with running(it, MIDDLE) as pilot:
        screen = await text(pilot)
        assert "p play" in screen
        assert "f3 why" in screen
        await press(pilot, "p")
        assert it.driver.playing
        await press(pilot, "p", "a")
        assert it.driver.experiment.activation == "sigmoid"
        await press(pilot, "ctrl+a")
        assert it.driver.experiment.activation != "sigmoid"
        await press(pilot, "space")
        assert it.session.pinned is not None
        await press(pilot, "n", "f4")
        assert it.selected == 3
        await press(pilot, "f3")
        assert it.settings.view == "why"
        await press(pilot, "question_mark")
        screen = await text(pilot)
        assert "p          play or pause" in screen
        assert "space      play or pause" not in screen


async def test_keys_of_views_and_lists_can_be_set_too() -> None:
    preferences = Preferences(keys={"why.more": "M", "stop-list.back": "z", "stops": "f6"})
    it = GradsimApp(
        Session(Experiment.of({"depth": 3})), live=False, playing=False, preferences=preferences
    )
    async with running(it, (100, 150)) as pilot:
        await press(pilot, "3")
        assert "M more" in await text(pilot)
        await press(pilot, "f6", "z")
        assert it.screen.id == "_default"
        await press(pilot, "question_mark")
        assert "(f6)" in await text(pilot)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"pley": "p"}, 'f: keys: there is no "pley"; did you mean "play"?'),
        ({"zzz": "p"}, 'f: keys: there is no "zzz"; gradsim list keys names all'),
        ({"play": "spcae"}, 'f: keys.play is "spcae", but must be a key such as p, ctrl+p'),
        ({"play": "p,"}, "but must be a key"),
        ({"play": "\x1b[2J"}, 'keys.play is "\\x1b[2J", but must be a key'),
        ({"play": "p"}, 'f: keys.play is "p", but that key is pin: give pin another one too'),
        ({"play": "t"}, 'keys.play is "t", but that key is remedies.try-all'),
        ({"map.measure": "x"}, 'keys.map.measure is "x", but that key is map.axis-0'),
        ({"play": "f5", "pin": "f5"}, 'keys.pin is "f5", but that key is play'),
        ({"play": "3"}, 'keys.play is "3", but that key is open-why'),
        ({"quit": ","}, 'keys.quit is ",", but that key is settings'),
    ],
)
def test_what_cannot_be_had_is_said_and_stays_as_it_comes(
    keys: dict[str, str], sentence: str
) -> None:
    found, problems = keymap(keys, "f")
    assert len(problems) == 1
    assert sentence in problems[0]
    assert dict(found.own) == dict(list(keys.items())[: len(keys) - 1])


def test_one_that_falls_back_may_bring_down_another() -> None:
    # Pin would leave p to play, but cannot have tab: so play cannot have p either.
    found, problems = keymap({"play": "p", "pin": "tab"})
    assert found.own == {}
    assert len(problems) == 2


@pytest.mark.parametrize(
    ("keys", "words"),
    [("p", "p"), ("ctrl+p", "ctrl p"), ("shift+right,x", "shift →"), ("pagedown", "PgDn"),
     ("left_square_bracket", "["), ("f5", "f5"), ("space", "space"), ("comma", ",")],
)  # fmt: skip
def test_how_a_key_is_shown(keys: str, words: str) -> None:
    assert shown(keys) == words


def test_keys_are_listed_by_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "keys"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == sum(len(keys) for keys in tables().values())
    assert lines[0].split() == ["play", "space", "play", "or", "pause"]


async def test_without_keys_of_ones_own_all_is_as_it_comes() -> None:
    it = app()
    async with running(it, MIDDLE) as pilot:
        assert it.settings.app_keys == tuple(k for k in tables()[APP] if k.group != "views")
        await press(pilot, "space")
        assert it.driver.playing
