"""The pytest plugin: what it collects, how it reports, what it stores, what it costs."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LESSON = """\
title = "Small"
[experiment]
depth = 6
width = 8
batch-size = 16
activation = "relu"
initializer = "he-normal"
[control]
hold = { activation = "sigmoid" }
[[steps]]
say = "One."
[[steps]]
expect = { quantity = "shape", is = "healthy" }
[[steps]]
run = { until = "step >= 2", limit = 2 }
"""

OPTIONS = ("-p", "gradsim.plugin", "-p", "no:randomly", "-p", "no:benchmark", "-W", "ignore")


def ran(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*OPTIONS, *arguments)


def test_each_expectation_is_a_test_and_the_control_too(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("lesson.toml").write_text(LESSON)
    result = ran(pytester, "-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "lesson.toml::line 13: shape is healthy PASSED*",
            "lesson.toml::line 15: step >= 2 within 2 steps PASSED*",
            "lesson.toml::control PASSED*",
        ]
    )
    ran(pytester, "lesson.toml::control").assert_outcomes(passed=1)
    ran(pytester, "-k", "shape").assert_outcomes(passed=1, deselected=2)


def test_what_fails_is_told_with_its_file_and_line_and_no_traceback(
    pytester: pytest.Pytester,
) -> None:
    text = LESSON.replace('is = "healthy"', 'is = "dead"').replace(
        "hold = {", "hold = { seed = 3, "
    )
    pytester.path.joinpath("lesson.toml").write_text(text)
    result = ran(pytester)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*lesson.toml:13: shape is dead, measured healthy"])
    assert "Traceback" not in result.stdout.str()
    assert "def " not in result.stdout.str()


def test_a_control_without_effect_fails(pytester: pytest.Pytester) -> None:
    text = LESSON.replace('hold = { activation = "sigmoid" }', "hold = { seed = 1 }")
    pytester.path.joinpath("lesson.toml").write_text(text)
    result = ran(pytester)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["*lesson.toml:8: control, seed 1 throughout: every expectation still holds*"]
    )


def test_a_step_that_cannot_be_done_fails_what_needs_it(pytester: pytest.Pytester) -> None:
    text = LESSON.partition("[control]")[0] + (
        "[[steps]]\npin = true\n[[steps]]\npin = true\n"
        '[[steps]]\nexpect = { quantity = "loss", run = "pinned", below = 9 }\n'
    )
    pytester.path.joinpath("lesson.toml").write_text(text)
    result = ran(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*lesson.toml, line 13: step 3: no run is pinned here*"])


def test_only_scenarios_are_collected_and_wrong_ones_are_errors(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\n")
    files = {
        "data.toml": 'title = "data"\nvalues = [1]\n',
        "pipeline.toml": '[[steps]]\nrun = "make"\n',
        "binary.toml": "",
        "wrong.toml": LESSON.replace("depth = 6", "dept = 6").replace("say", "sya"),
    }
    for name, text in files.items():
        pytester.path.joinpath(name).write_text(text)
    pytester.path.joinpath("binary.toml").write_bytes(b"\xff\xfe title = [[steps]]")
    result = ran(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            '*wrong.toml, line 3: there is no knob "dept"; did you mean "depth"?',
            '*wrong.toml, line 11: step 1: there is no step "sya"; did you mean "say"?',
        ]
    )


def test_frames_are_compared_and_renewed(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("lesson.toml").write_text(LESSON)
    pytester.makepyfile(
        """
        def test_frames(scenario_frames, same_frame):
            first, *rest = scenario_frames("lesson.toml", (70, 20), "ascii")
            assert len(rest) == 2
            assert [len(line) for line in first.splitlines()] <= [70] * 20
            same_frame("first", first)
        """
    )
    missing = ran(pytester, "-k", "frames")
    missing.assert_outcomes(failed=1, deselected=3)
    missing.stdout.fnmatch_lines(["*no stored frame*make it with pytest --renew-frames*"])
    ran(pytester, "-k", "frames", "--renew-frames").assert_outcomes(passed=1, deselected=3)
    stored = pytester.path / "frames" / "first.txt"
    assert "One." in stored.read_text(encoding="utf-8")
    ran(pytester, "-k", "frames").assert_outcomes(passed=1, deselected=3)
    stored.write_text(stored.read_text(encoding="utf-8").replace("One.", "Two."), encoding="utf-8")
    changed = ran(pytester, "-k", "frames")
    changed.assert_outcomes(failed=1, deselected=3)
    text = changed.stdout.str()
    assert re.search(r"-.*Two\.", text)
    assert re.search(r"\+.*One\.", text)


HEAVY = {"numpy", "pydantic", "textual", "rich", "click", "scipy", "plotext", "threadpoolctl"}


def test_it_costs_nothing_until_it_is_used(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        f"""
        import sys
        def test_nothing_is_loaded():
            assert not {HEAVY} & set(sys.modules)
            assert {{n for n in sys.modules if n.startswith("gradsim")}} == {{
                "gradsim", "gradsim.plugin"
            }}
        """
    )
    # The other plugins of this environment would load things of their own.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.runpytest_subprocess("-p", "gradsim.plugin").assert_outcomes(passed=1)


def test_its_import_loads_nothing_of_weight() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import gradsim.plugin"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split("|") for line in done.stderr.splitlines() if line.startswith("import time:")]
    loaded = {row[2].strip() for row in rows}
    assert {"gradsim", "gradsim.plugin", "_pytest"} <= loaded
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()


def test_pytest_finds_it_where_gradsim_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # The name is that of the module, so that loading it by `-p` as well counts once.
    assert project["entry-points"]["pytest11"] == {"gradsim.plugin": "gradsim.plugin"}
