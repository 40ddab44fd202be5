"""Finding scenarios by path and by name, and the ones that come with gradsim."""

import shutil
from pathlib import Path
from textwrap import wrap

import pytest
from threadpoolctl import threadpool_limits

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.scenario.check import check, check_control
from gradsim.scenario.shelf import find, shipped
from gradsim.scenario.steps import Expect, Say

FIRST = "sigmoid-starves-relu-repairs"


def test_by_name_with_and_without_its_ending_and_by_path(tmp_path: Path) -> None:
    copy = tmp_path / "mine.toml"
    shutil.copy(shipped()[FIRST], copy)
    names = [FIRST, f"{FIRST}.toml", str(copy)]
    found = [find(name) for name in names]
    assert len({scenario.title for scenario in found}) == 1
    assert [scenario.path for scenario in found] == [f"{FIRST}.toml", f"{FIRST}.toml", str(copy)]


def test_a_file_here_comes_before_a_shipped_one_a_directory_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / FIRST).mkdir()
    assert find(FIRST).title
    (tmp_path / f"{FIRST}.toml").write_text("title = 1\n", encoding="utf-8")
    with pytest.raises(InputError, match="title is 1"):
        find(f"{FIRST}.toml")


@pytest.mark.parametrize("name", ["sigmoid-starves", "sigmoid-starves.toml", "x/sigmoid-starves"])
def test_an_unknown_name_gets_the_nearest(name: str) -> None:
    with pytest.raises(InputError) as caught:
        find(name)
    assert caught.value.problems == [
        f'{name}: there is no such file, and no scenario of this name; did you mean "{FIRST}"?'
    ]


@pytest.mark.parametrize("name", ["", ".", "..", "x" * 5000, "a\0b"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InputError):
        find(name)


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_is_a_whole_lesson(name: str) -> None:
    scenario = find(name)
    assert scenario.about
    assert scenario.source
    assert scenario.control
    assert scenario.control.why
    assert any(isinstance(step, Expect) for step in scenario.steps)
    for step in scenario.steps:
        if isinstance(step, Say):
            # Three lines on the smallest usual terminal, 80x24: what the panel has there.
            assert len(wrap(" ".join(step.say.split()), 76)) <= 3, step.say


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_holds_and_its_control_does_not(name: str) -> None:
    scenario = find(name)
    with threadpool_limits(1):
        result, control = check(scenario), check_control(scenario)
    assert [outcome.words() for outcome in result.failed] == []
    assert control is not None
    assert control.failed


def test_the_first_scenario_is_about_what_gradsim_opens_with() -> None:
    assert find(FIRST).experiment == Experiment.of({})
