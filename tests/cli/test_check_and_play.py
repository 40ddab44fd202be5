"""`gradsim check` and `gradsim play`: exit codes, measured values, the control, frames."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from gradsim.cli.main import run
from gradsim.scenario.format import Scenario

HEAD = """\
title = "Small"
[experiment]
depth = 8
width = 16
batch-size = 16
activation = "relu"
initializer = "he-normal"
"""

CURE = '[control]\nhold = { activation = "sigmoid" }\n'

RIGHT = """
[[steps]]
run = { steps = 2 }
[[steps]]
expect = { quantity = "step", equals = 2 }
[[steps]]
expect = { quantity = "shape", is = "healthy" }
"""

WRONG = '[[steps]]\nexpect = { quantity = "step", above = 2 }\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return name


def test_what_holds_is_printed_with_what_was_measured(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", write(folder, "a.toml", HEAD + RIGHT)]) == 0
    assert capsys.readouterr() == (
        "a.toml: Small\n"
        "  ok   line 12: step equals 2, measured 2\n"
        "  ok   line 14: shape is healthy, measured healthy\n"
        "1 scenario: 2 passed, 0 failed\n",
        "",
    )


def test_an_expectation_that_fails_gives_exit_code_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [write(folder, "a.toml", HEAD + RIGHT), write(folder, "b.toml", HEAD + RIGHT + WRONG)]
    assert run(["check", *names]) == 1
    out = capsys.readouterr().out
    assert "  FAIL line 16: step above 2, measured 2\n" in out
    assert out.endswith("2 scenarios: 4 passed, 1 failed\n")


def test_the_control_must_fail_something(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--control", write(folder, "a.toml", HEAD + CURE + RIGHT)]) == 0
    out = capsys.readouterr().out
    assert "  ok   control, activation sigmoid throughout: 1 of 2 fail, as they should\n" in out
    assert "line 16: shape is healthy, measured vanishing\n" in out

    no_cure = CURE.replace("sigmoid", "relu")
    assert run(["check", "--control", write(folder, "b.toml", HEAD + no_cure + RIGHT)]) == 1
    out = capsys.readouterr().out
    assert "  FAIL control, activation relu throughout: every expectation still holds\n" in out
    assert out.endswith("2 passed, 0 failed, 1 control without effect\n")


def test_the_control_is_left_alone_where_it_is_not_asked_for_or_not_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    no_cure = write(folder, "b.toml", HEAD + CURE.replace("sigmoid", "relu") + RIGHT)
    assert run(["check", no_cure]) == 0
    assert "control" not in capsys.readouterr().out
    assert run(["check", "--control", write(folder, "c.toml", HEAD + RIGHT)]) == 0
    assert "no control named" in capsys.readouterr().out


def test_bad_files_are_all_reported_and_good_ones_still_played(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [
        write(folder, "bad.toml", "title = 1\n" + RIGHT),
        "missing.toml",
        str(folder),
        write(folder, "good.toml", HEAD + RIGHT + WRONG),
        write(folder, "worse.toml", "title =\n"),
    ]
    assert run(["check", *names]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("good.toml: Small\n")
    assert out.endswith("1 scenario: 2 passed, 1 failed, 4 wrong files\n")
    lines = err.splitlines()
    assert lines[0].startswith("gradsim: bad.toml, line 1: title is 1, but must be ")
    assert lines[1].startswith("gradsim: missing.toml: there is no such file, and no scenario")
    assert lines[2] == f"gradsim: {folder} is a directory; a scenario is a TOML file"
    assert lines[3].startswith("gradsim: worse.toml, line 1: not valid TOML: ")
    assert len(lines) == 4


def test_a_step_that_turns_out_impossible_ends_its_scenario_only(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    late = HEAD.replace("16", "1") + (
        "[[steps]]\nrun = { steps = 1 }\n[[steps]]\nset = { batch-size = 2 }\n"
        "[[steps]]\nrun = { steps = 1 }\n[[steps]]\nback = { steps = 2 }\n"
        '[[steps]]\nset = { normalization = "batch" }\n'
    )
    names = [write(folder, "late.toml", late), write(folder, "good.toml", HEAD + RIGHT)]
    assert run(["check", *names]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("gradsim: late.toml, line 17: step 5: normalization batch needs")
    assert len(err.splitlines()) == 1
    assert out.endswith("2 passed, 0 failed, 1 wrong file\n")


# -- play ---------------------------------------------------------------------------------------


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """Calls for frames; two are given for each."""
    calls: list[tuple[str, int, int]] = []

    def frames(scenario: Scenario, width: int, height: int, markers: str) -> Iterator[str]:
        assert markers == "braille"
        calls.append((scenario.title, width, height))
        yield from ("one\nframe", "another")

    module = ModuleType("gradsim.tui.headless")
    module.__dict__["frames"] = frames
    monkeypatch.setitem(sys.modules, "gradsim.tui.headless", module)
    return calls


def test_headless_frames_stand_between_rules(
    folder: Path, drawn: list[tuple[str, int, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    name = write(folder, "a.toml", HEAD + RIGHT)
    assert run(["play", name, "--headless", "--size", "60x18"]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[1:3] == ["one", "frame"]
    assert lines[4] == "another"
    for number, rule in enumerate((lines[0], lines[3]), start=1):
        assert rule.startswith(f"── frame {number} ─")
        assert len(rule) == 60
    assert run(["play", name, "--headless"]) == 0
    assert drawn == [("Small", 60, 18), ("Small", 100, 30)]


@pytest.mark.parametrize(
    "size", ["59x18", "60x17", "401x40", "100x121", "100", "x", "100x", "-100x30", "9" * 99]
)
def test_a_wrong_size(
    size: str, drawn: list[tuple[str, int, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["play", "sigmoid-starves-relu-repairs", "--headless", f"--size={size}"]) == 2
    assert capsys.readouterr() == (
        "",
        f'gradsim: --size is "{size}", but must be WIDTHxHEIGHT from 60x18 to 400x120, '
        "such as 100x30\n",
    )
    assert drawn == []


def test_a_size_is_for_headless_frames(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["play", "sigmoid-starves-relu-repairs", "--size", "100x30"]) == 2
    assert "--size goes with --headless only" in capsys.readouterr().err


def test_without_a_terminal_and_in_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = write(folder, "a.toml", HEAD + RIGHT)
    opened: list[Scenario] = []
    app = ModuleType("gradsim.tui.opening")
    app.__dict__["open_scenario"] = opened.append
    monkeypatch.setitem(sys.modules, "gradsim.tui.opening", app)
    monkeypatch.setattr("gradsim.cli.play.has_terminal", lambda: False)
    assert run(["play", name]) == 2
    assert opened == []
    assert capsys.readouterr().err == (
        "gradsim: there is no terminal to play in: add --headless for frames of text\n"
    )
    monkeypatch.setattr("gradsim.cli.play.has_terminal", lambda: True)
    assert run(["play", name]) == 0
    assert [scenario.title for scenario in opened] == ["Small"]


def test_a_wrong_scenario_is_told_before_anything_opens(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["play", "sigmoid-starves-relu-repair"]) == 2
    assert 'did you mean "sigmoid-starves-relu-repairs"?' in capsys.readouterr().err
