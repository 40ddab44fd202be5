"""The house as a whole: who imports whom, and what travels in the wheel."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent


def test_rooms_import_only_what_stands_below_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == 0


def test_one_file_imports_plotext() -> None:
    users = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "gradsim").rglob("*.py")
        if "import plotext" in path.read_text(encoding="utf-8")
    ]
    assert users == ["gradsim/view/plot.py"]


def test_wheel_carries_scenarios_data_and_types(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        points = next(name for name in names if name.endswith("entry_points.txt"))
        assert "gradsim = gradsim.cli.start:main" in archive.read(points).decode()
    for scenario in (ROOT / "scenarios").glob("*.toml"):
        assert f"gradsim/scenarios/{scenario.name}" in names
    assert "gradsim/experiment/datasets/digits.npz" in names
    assert "gradsim/py.typed" in names
    assert not any(name.startswith("tests/") for name in names)
