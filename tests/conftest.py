"""For all tests: the environment before any import that reads it, and frames stored as text."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is first imported
os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when Textual is first imported
for _name in ("NO_COLOR", "TEXTUAL_THEME"):
    os.environ.pop(_name, None)

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Hypothesis without a clock: a busy machine is no failure.
settings.register_profile(
    "gradsim", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("gradsim")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-frames", action="store_true", help="store the frames as they are")


@pytest.fixture
def same_frame(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a screen with the one stored in `frames/NAME.txt` beside the test."""
    folder = request.path.parent / "frames"

    def compare(name: str, screen: str) -> None:
        stored: Path = folder / f"{name}.txt"
        if request.config.getoption("--renew-frames"):
            folder.mkdir(exist_ok=True)
            stored.write_text(screen + "\n", encoding="utf-8")
        wanted = stored.read_text(encoding="utf-8").splitlines()
        assert (screen + "\n").splitlines() == wanted

    return compare
