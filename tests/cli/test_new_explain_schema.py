"""`gradsim new`, `gradsim explain`, `gradsim schema`: for one who writes a scenario."""

import json
import tomllib
from pathlib import Path

import pytest

from gradsim.cli.main import run
from gradsim.scenario.quantities import QUANTITIES
from gradsim.scenario.quantity_paths import BY_PATH
from gradsim.scenario.shelf import find
from gradsim.scenario.uses import lessons_with, quantities_in


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def test_what_is_new_passes_and_its_control_fails(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(capsys, "new", "my-lesson")
    assert code == 0
    assert "my-lesson.toml is written" in out
    assert find("my-lesson.toml").title == "My lesson"
    code, out, err = said(capsys, "check", "my-lesson.toml", "--control")
    assert (code, err) == (0, "")
    assert "ok   control" in out
    assert "0 failed" in out


def test_a_file_that_is_there_is_left_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "mine.toml").write_text("mine")
    code, out, err = said(capsys, "new", "mine.toml")
    assert (code, out) == (2, "")
    assert "mine.toml is there already: choose another name" in err
    assert (here / "mine.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere/x", "there is no folder nowhere"),
        ("", "is no name for a file"),
        (".toml", "is no name for a file"),
        ("a\nb", "is no name for a file"),
    ],
)
def test_no_name_for_a_file(
    here: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    code, _, err = said(capsys, "new", name)
    assert code == 2
    assert words in err
    assert list(here.iterdir()) == []


def test_a_title_is_always_a_line_of_text(here: Path) -> None:
    for name in ('say "it"', "back\\slash", "ümlaut", "--"):
        assert run(["new", "--", name]) == 0
        assert find(f"{name}.toml").title


def test_explain_says_what_a_quantity_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "explain", "reach_decades")
    assert (code, err) == (0, "")
    for words in (
        "decades", "log10(|delta_1| / |delta_L|)", "Hochreiter 1991", "`verdict.evidence`",
        "sigmoid-starves-relu-repairs", 'expect = { quantity = "reach_decades"',
    ):  # fmt: skip
        assert words in out
    assert "layer = 1" in said(capsys, "explain", "delta_norm")[1]
    assert "decades" in said(capsys, "explain", "ledger.blocks.3.decades")[1]
    assert "is a knob" in said(capsys, "explain", "learning-rate")[1]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("reach_decade", 'did you mean "reach_decades"?'),
        ("ledger.decade", 'did you mean "ledger.decades"?'),
        ("zzzzzz", "gradsim explain lists them"),
    ],
)
def test_a_typo_gets_the_nearest_name(
    capsys: pytest.CaptureFixture[str], name: str, hint: str
) -> None:
    code, out, err = said(capsys, "explain", name)
    assert (code, out) == (2, "")
    assert f'there is no quantity "{name}"; {hint}' in err


def test_explain_lists_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "explain")
    assert code == 0
    first = {line.partition("  ")[0] for line in out.splitlines()}
    assert {*QUANTITIES, *BY_PATH} <= first


@pytest.mark.parametrize("name", QUANTITIES)
def test_the_example_of_each_is_right(
    here: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    _, out, _ = said(capsys, "explain", name)
    example = next(line for line in out.splitlines() if line.strip().startswith("expect "))
    text = f'title = "t"\n[[steps]]\n{example.strip().removeprefix("expect").strip()}\n'
    (here / "example.toml").write_text(text, encoding="utf-8")
    assert list(quantities_in(find("example.toml"))) == [name]


def test_the_lessons_with_a_quantity_are_those_that_expect_it() -> None:
    assert lessons_with("forget_factor") == ["gates-are-a-road"]
    assert lessons_with("ledger.sentence") == []


def test_schema_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "schema", "scenario")
    assert code == 0
    assert json.loads(out)["$schema"].endswith("2020-12/schema")
    code, _, err = said(capsys, "schema", "scenarios")
    assert code == 2
    assert 'did you mean "scenario"?' in err


def test_what_is_new_is_toml_with_a_step_of_each_common_kind(here: Path) -> None:
    run(["new", "x"])
    steps = tomllib.loads((here / "x.toml").read_text(encoding="utf-8"))["steps"]
    kinds = {key for step in steps for key in step}
    assert {"chapter", "say", "ask", "set", "run", "pin", "show", "expect"} <= kinds
