"""The command line as a whole: exit codes, sentences on stderr, and what the app is opened with."""

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from gradsim.cli.main import run
from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment


def failing(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **_more: object) -> None:
        raise error

    return fail


def terminal(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    for module in ("commands", "play"):
        monkeypatch.setattr(f"gradsim.cli.{module}.has_terminal", lambda: there)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the app was opened with, in a terminal that is always there."""
    calls: list[object] = []
    app = ModuleType("gradsim.tui.opening")

    def note(what: object, *_: object, **_more: object) -> None:
        calls.append(what)

    app.__dict__.update(open_app=note, open_scenario=note)
    monkeypatch.setitem(sys.modules, "gradsim.tui.opening", app)
    terminal(monkeypatch, there=True)
    return calls


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["rnu"], 'there is no command "rnu"; did you mean "run"?'),
        (["run", "--stepz", "3"], 'gradsim run has no option --stepz; did you mean "--steps"?'),
        (["run", "--widht", "3"], 'gradsim run has no option --widht; did you mean "--width"?'),
        (["--widht", "3"], 'gradsim has no option --widht; did you mean "--width"?'),
        (["check", "--contrl"], 'gradsim check has no option --contrl; did you mean "--control"?'),
        (["run", "--qqqqqq"], "gradsim run has no option --qqqqqq; see gradsim run --help"),
        (
            ["--memory", "3"],
            '--memory is "3", but must be a whole number of MiB from 16 to 1048576',
        ),
        (["run", "--steps"], "option '--steps' requires an argument"),
        (["lessons", "6"], '"6" is one word too many; see gradsim lessons --help'),
        (
            ["run", "6"],
            "6: this is no file, no scenario, and no knobs such as activation=relu; "
            "gradsim lessons names all",
        ),
        (["run", "--save", "x.txt"], '--save is "x.txt", but the name of a state ends in .npz'),
        (["map", "-o", ""], '--output is "", but the name of a map ends in .csv'),
        (["run", "--save", ""], '--save is "", but the name of a state ends in .npz'),
        (
            ["run", "--load", ""],
            '--load is "", but must be an .npz file as `gradsim run --save` writes it',
        ),
        (["export", ""], 'STATE.npz is "", but must be a file as `gradsim run --save` writes it'),
        (
            ["export", "x", "-o", ""],
            '--output is "", but must be the name of a file such as network.py',
        ),
        (
            ["check", "--junit", ""],
            '--junit is "", but must be the name of a file such as checked.xml',
        ),
        (
            ["diagnose", ""],
            '"" names no file: the path of a TOML file is right, or a scenario\'s name',
        ),
        (["play", ""], '"" names no file: the path of a TOML file is right, or a scenario\'s name'),
        (["--theme", "foo"], '--theme is "foo", but must be one of dark, light, contrast, ansi'),
        (["new", ".."], '".." is no name for a file; right is such as first-lesson'),
        (["map", "-o", "x.png"], '--output is "x.png", but the name of a map ends in .csv'),
        (["play"], "missing argument 'FILE|NAME'; see gradsim play --help"),
        (
            ["--set", "depth=3", "run"],
            'knobs before a command are for the app: write them behind "gradsim run"',
        ),
        (
            ["--depth", "3", "list"],
            'knobs before a command are for the app: write them behind "gradsim list"',
        ),
    ],
)
def test_wrong_words_get_one_sentence_and_exit_code_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"gradsim: {sentence}\n")


def test_all_wrong_knobs_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ["--set", "dept=3", "--set", "width", "--set", "width=x", "--activation", "rleu"]
    for command in (["run"], []):
        assert run([*command, *wrong, "--depth", "0"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        lines = err.splitlines()
        assert lines[0] == 'gradsim: --set: there is no knob "dept"; did you mean "depth"?'
        assert lines[1] == (
            'gradsim: --set is "width", but must be KNOB=VALUE, such as activation=relu'
        )
        assert lines[2] == (
            'gradsim: --set: width is "x", but must be a whole number from 1 to 1024'
        )
        assert lines[3].startswith('gradsim: activation is "rleu", but must be one of ')
        assert lines[3].endswith('; did you mean "relu"?')
        assert lines[4] == 'gradsim: depth is "0", but must be a whole number from 1 to 10000'
        assert len(lines) == 5


def test_without_verb_and_terminal_help_on_stderr_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal(monkeypatch, there=False)
    for arguments in ([], ["--set", "depth=3"], ["--activation", "relu"]):
        assert run(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("Usage: gradsim [OPTIONS]")


def test_without_verb_the_app_opens_on_the_knobs_given(opened: list[object]) -> None:
    assert run([]) == 0
    assert run(["--set", "depth=3", "--set", "depth=4", "--seed", "7"]) == 0
    assert run(["--activation=relu", "--set", "activation=tanh"]) == 0
    assert opened == [
        Experiment.of({}),
        Experiment.of({"depth": 4, "seed": 7}),
        Experiment.of({"activation": "relu"}),
    ]


def test_what_the_app_refuses_is_a_sentence(
    opened: list[object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened == []
    app = sys.modules["gradsim.tui.opening"]
    monkeypatch.setitem(app.__dict__, "open_app", failing(InputError(["one", "two\x1b[2J"])))
    assert run([]) == 2
    assert capsys.readouterr().err == "gradsim: one\ngradsim: two\\x1b[2J\n"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, ""),
        (
            MemoryError(),
            2,
            "gradsim: there is not enough memory for this: lower depth, width or batch-size\n",
        ),
        (OSError(28, "No space left on device"), 2, "gradsim: output: no space left on device\n"),
    ],
)
def test_what_ends_a_command_early_leaves_no_traceback(
    error: BaseException,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("gradsim.cli.run._train", failing(error))
    assert run(["run", "--depth", "2", "--steps", "1"]) == code
    assert capsys.readouterr() == ("", words)


def test_help_names_every_command_and_where_the_knobs_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for arguments in (["--help"], ["-h"]):
        assert run(arguments) == 0
        out = capsys.readouterr().out
        for word in ("run ", "play ", "check ", "list ", "--set KNOB=VALUE", "gradsim list knobs"):
            assert word in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("gradsim")
