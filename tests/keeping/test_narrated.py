"""What was written by hand into a saved session is there when it is saved again."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from gradsim.experiment.experiment import Experiment
from gradsim.keeping.keeper import Keeper
from gradsim.keeping.narrated import carried_on, has_comments
from gradsim.keeping.sessions import Opened, entries, open_file
from gradsim.scenario.check import check
from gradsim.scenario.reading import read
from gradsim.simulation.actions import Action, Advance, Back, Grain, Pin, Switch
from gradsim.simulation.session import Session

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def kept(folder: Path, *actions: Action) -> Path:
    it = Session(Experiment.of({"depth": 3, "width": 8, "batch-size": 8}))
    for action in actions:
        it.do(action)
    path = folder / "first.toml"
    Keeper(it, folder, now=NOW).keep_as(path)
    return path


def gone_on(opened: Opened, path: Path, source: Path, *actions: Action) -> Path:
    """Go on with an opened session as the app does, and keep it again."""
    keeper = Keeper(opened.session, path.parent, source, now=NOW, past=opened.text)
    for action in actions:
        opened.session.do(action)
        # The app writes it down all the time, which must not change what comes out.
        keeper.keep_as(path.with_name(f"{len(opened.session.actions)}-between.toml"))
        path.with_name(f"{len(opened.session.actions)}-between.toml").unlink()
    keeper.keep_as(path)
    return path


def same(one: Session, other: Session) -> None:
    assert one.actions == other.actions
    assert (one.run.number, one.cursor, one.experiment) == (
        other.run.number, other.cursor, other.experiment,
    )  # fmt: skip
    np.testing.assert_array_equal(
        one.network().parameters.values, other.network().parameters.values
    )


FIRST = (Advance(Grain.STEP, 2), Switch({"activation": "relu"}), Advance(Grain.STEP, 3))


def by_hand(path: Path) -> str:
    """Write into a saved session what a teacher would."""
    text = path.read_text(encoding="utf-8")
    text = text.replace("[experiment]", "# The network of my course.\n[experiment]")
    text = text.replace("depth = 3\n", "depth = 3  # three are enough\n")
    text = text.replace(
        '[[steps]]\nset = { activation = "relu" }',
        '[[steps]]\nchapter = "The switch"\n\n[[steps]]\nsay = """\nLook # here,\nall."""\n\n'
        "[[steps]]\n[steps.ask]\nquestion = 'Up?'\nchoices = ['yes', 'no']\nanswer = 'no'\n"
        "explanation = 'It is so.'\n\n# now it comes\n"
        '[[steps]]\nset = { activation = "relu" }',
    )
    text += '\n[[steps]]\nexpect = { quantity = "step", equals = 5 }\n# the end, for now\n'
    path.write_text(text, encoding="utf-8")
    return text


HAND = (
    "# The network of my course.\n[experiment]",
    "depth = 3  # three are enough\n",
    'chapter = "The switch"',
    'say = """\nLook # here,\nall."""',
    "choices = ['yes', 'no']",
    "# now it comes\n[[steps]]\nset",
    'expect = { quantity = "step", equals = 5 }\n# the end, for now\n',
)


def test_all_that_was_written_by_hand_is_there_and_the_bits_are_the_same(tmp_path: Path) -> None:
    path = kept(tmp_path, *FIRST)
    by_hand(path)
    opened = open_file(path)
    more = (Advance(Grain.STEP, 1), Back(Grain.OP, 2), Switch({"learning-rate": 0.05}), Pin())
    second = gone_on(opened, tmp_path / "second.toml", path, *more)
    text = second.read_text(encoding="utf-8")
    for part in HAND:
        assert part in text
    again = open_file(second)
    same(again.session, opened.session)
    # A scenario that is played does the same, and its expectation is measured where it stands.
    assert [outcome.passed for outcome in check(read(second)).outcomes] == [True]
    # And once more: nothing is written twice, nothing is lost.
    third = gone_on(again, tmp_path / "third.toml", second, Advance(Grain.STEP, 2))
    text = third.read_text(encoding="utf-8")
    for part in HAND:
        assert text.count(part) == 1
    same(open_file(third).session, again.session)


def test_a_move_that_goes_on_adds_only_what_is_new(tmp_path: Path) -> None:
    path = kept(tmp_path, Advance(Grain.STEP, 2))
    path.write_text(path.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    opened = open_file(path)
    second = gone_on(opened, tmp_path / "second.toml", path, Advance(Grain.STEP, 3))
    text = second.read_text(encoding="utf-8")
    assert text.index("steps = 2") < text.index("# mine") < text.index("steps = 3")
    assert open_file(second).session.actions == [Advance(Grain.STEP, 5)]


def test_nothing_done_gives_the_same_steps(tmp_path: Path) -> None:
    path = kept(tmp_path, *FIRST)
    before = by_hand(path)
    opened = open_file(path)
    after = gone_on(opened, tmp_path / "second.toml", path).read_text(encoding="utf-8")
    assert after.partition("[[steps]]")[2] == before.partition("[[steps]]")[2]


def test_a_title_of_ones_own_stays_and_one_that_was_made_is_made_anew(tmp_path: Path) -> None:
    path = kept(tmp_path, *FIRST)
    opened = open_file(path)
    second = gone_on(opened, tmp_path / "second.toml", path, Advance(Grain.STEP, 4))
    assert read(second).title == "3x8 relu, step 9"
    text = second.read_text(encoding="utf-8").replace('"3x8 relu, step 9"', '"Mine, not \\\\1"')
    second.write_text(text, encoding="utf-8")
    opened = open_file(second)
    third = gone_on(opened, tmp_path / "third.toml", second, Advance(Grain.STEP, 1))
    assert read(third).title == "Mine, not \\1"
    titles = {entry.path.stem: entry.title for entry in entries(tmp_path)}
    assert titles["third"] == "Mine, not \\1"


def test_a_narrated_session_is_opened_whole_however_long_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradsim.keeping.sessions.LONG_WAY", 50)
    path = kept(tmp_path, Advance(Grain.STEP, 120))
    assert path.with_name("first.state.npz").exists()
    assert "open --replay" in open_file(path).said
    assert open_file(path).text == ""
    text = path.read_text(encoding="utf-8")
    path.write_text(text + '\n[[steps]]\nsay = "That was it."\n', encoding="utf-8")
    opened = open_file(path)
    assert opened.session.actions == [Advance(Grain.STEP, 120)]
    second = gone_on(opened, tmp_path / "second.toml", path, Advance(Grain.STEP, 2))
    assert "That was it." in second.read_text(encoding="utf-8")


def test_steps_in_one_list_are_written_anew_and_keep_their_words(tmp_path: Path) -> None:
    path = kept(tmp_path, Advance(Grain.STEP, 2))
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    head = path.read_text(encoding="utf-8").partition("[[steps]]")[0]
    steps = "steps = [{ say = 'One' }, { run = { steps = 2 } }, "
    steps += (
        "{ ask = { question = 'a', choices = ['a', 'b'], answer = 'a', explanation = 'e' } }]\n"
    )
    path.write_text(steps + head, encoding="utf-8")
    opened = open_file(path)
    second = gone_on(opened, tmp_path / "second.toml", path, Advance(Grain.OP, 2))
    found = tomllib.loads(second.read_text(encoding="utf-8"))
    assert found["steps"] == [*tomllib.loads(steps)["steps"], {"run": {"ops": 2}}]
    assert found["experiment"] == raw["experiment"]
    same(open_file(second).session, opened.session)


def test_a_table_behind_the_steps_and_files_of_the_session(tmp_path: Path) -> None:
    text = (
        'title = "t"\n\n[session]\nformat = 1\nfiles = { a = "b" }\n\n# of the steps\n[[steps]]\n'
        "pin = true\n\n# of the control\n[control]\nhold = { seed = 1 }\n"
    )
    out = carried_on(text, None, {"format": 1, "step": 3}, "[[steps]]\nswap = true\n")
    assert tomllib.loads(out) == {
        "title": "t",
        "session": {"format": 1, "step": 3},
        "steps": [{"pin": True}, {"swap": True}],
        "control": {"hold": {"seed": 1}},
    }
    assert "# of the steps\n[[steps]]" in out
    assert "# of the control\n[control]" in out


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a = 1 # yes\n", True),
        ('a = "# no"\n', False),
        ("a = '# no'\n", False),
        ('a = """\n# no\n"""\n', False),
        ('a = "\\"# no"\n', False),
        ('a = "x" # yes\n', True),
    ],
)
def test_a_comment_is_one_outside_of_texts(text: str, found: bool) -> None:
    assert has_comments(text) is found
