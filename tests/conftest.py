"""For all tests: the environment before any import that reads it."""

import os
import signal

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is first imported
os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when Textual is first imported
for _name in ("NO_COLOR", "TEXTUAL_THEME", "COLUMNS", "LINES"):
    os.environ.pop(_name, None)

# A shell tells what it runs in the background to ignore it, and all that this starts inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

# Hypothesis without a clock: a busy machine is no failure.
settings.register_profile(
    "gradsim", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("gradsim")


@pytest.fixture(scope="session", autouse=True)
def _one_blas_thread() -> Iterator[None]:
    # A plugin may have imported NumPy before the variable above was set.
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for settings and sessions that is never the user's own, and new for each test."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GRADSIM_HOME", str(folder))
    return folder
