"""The small project in docs/example: its own tests pass, with the frames that it stores."""

import shutil
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "example"


def test_the_example_project_passes(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    frames = EXAMPLE / "tests" / "frames"
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True)
    options = ["-p", "gradsim.plugin", "-p", "no:randomly", "-W", "ignore"]
    if request.config.getoption("--renew-frames"):
        pytester.runpytest_subprocess(*options, "--renew-frames").assert_outcomes(passed=5)
        shutil.copytree(pytester.path / "tests" / "frames", frames, dirs_exist_ok=True)
    pytester.runpytest_subprocess(*options).assert_outcomes(passed=5)
    stored = {path.name for path in frames.iterdir()}
    assert stored == {"two-slopes-80x24.txt", "two-slopes-100x30.txt"}
