"""What the app costs in a real terminal: python tests/benchmarks/app_in_a_terminal.py [--write]

Run by hand, for some minutes, on a machine that has nothing else to do. It starts the app in a
pseudo-terminal as a user would, types keys, reads what is written, and prints a table;
`--write` puts it into docs/speed-of-the-app.md. Names of parts (`start frames keys bytes memory`)
measure those alone.
"""

import json
import platform
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from os import cpu_count, getloadavg
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from terminal import Terminal

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs" / "speed-of-the-app.md"

GRADSIM = [sys.executable, "-m", "gradsim.cli.main"]
EMPTY = [
    sys.executable,
    "-c",
    "import numpy\nfrom textual.app import App\nApp().run()",
]
"""An empty Textual app that imports NumPy."""

MIDDLE, LARGE = (120, 40), (200, 60)


class Line(NamedTuple):
    """A row of the table; without a goal the number is only stated."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> str:
        """Whether the goal is met, in a word."""
        if self.goal is None:
            return ""
        good = self.value >= self.goal if self.at_least else self.value <= self.goal
        return "yes" if good else "no"

    def cells(self) -> str:
        """The row in Markdown."""
        sign = "≥" if self.at_least else "≤"
        goal = "" if self.goal is None else f"{sign} {self.goal:g} {self.unit}"
        return f"| {self.what} | {self.value:.3g} {self.unit} | {goal} | {self.met} |"


@contextmanager
def running(*arguments: str, size: tuple[int, int] = MIDDLE) -> Iterator[Terminal]:
    """The app with its plots on screen."""
    terminal = Terminal([*GRADSIM, *arguments], size)
    try:
        terminal.wait_for("1e-")
        yield terminal
    finally:
        terminal.close("q")


class Painted(NamedTuple):
    """Until texts were on the screen: seconds to each, and on a processor to the first."""

    seconds: list[float]
    cpu: float


def first_paint(command: list[str], texts: list[str]) -> Painted:
    """Start it, and wait for these texts."""
    terminal = Terminal(command, MIDDLE)
    try:
        first = terminal.wait_for(texts[0]) - terminal.started
        cpu = terminal.cpu()
        return Painted([first, *(terminal.wait_for(t) - terminal.started for t in texts[1:])], cpu)
    finally:
        terminal.close("q" if command is not EMPTY else "\x11")


def start(times: int = 15) -> list[Line]:
    """First paint and first plots beside an empty app; the runs alternate, the best of each.

    The first picture is whole: header, network, axes, what to press. There is none before it.
    """
    empty, own = [], []
    for _ in range(times):
        empty.append(first_paint(EMPTY, ["^ {120}$"]))
        own.append(first_paint(GRADSIM, ["gradsim  digits", "┬"]))
    base, cpu = min(run.seconds[0] for run in empty), min(run.cpu for run in empty)
    painted, plots = (min(run.seconds[k] for run in own) / base for k in (0, 1))
    return [
        Line("empty Textual app with NumPy: first paint", base * 1e3, "ms"),
        Line("first paint, beside the empty app", painted, "times", 1.6),
        Line("plots there, beside the empty app", plots, "times", 2.3),
        Line("empty app: processor until first paint", cpu * 1e3, "ms"),
        Line("processor, beside the empty app", min(run.cpu for run in own) / cpu, "times", 1.6),
    ]


def named(size: tuple[int, int]) -> str:
    """120x40."""
    return f"{size[0]}x{size[1]}"


def frames(seconds: float = 8.0) -> list[Line]:
    """Frames a second as written, and the main thread's time for each."""
    lines = []
    for size in (MIDDLE, LARGE):
        for name, keys in (("default", ""), ("full speed", "f")):
            at = f"{named(size)}, {name}"
            rates, spent, drawn = played(size, keys, seconds)
            strip = None if keys else 29.0  # 30, but for one that the machine is late with
            lines += [
                Line(f"{at}: strip", rates[0], "a second", strip, True),
                Line(f"{at}: plots", rates[1], "a second", 8.0, True),
                Line(f"{at}: main thread, median frame", median(spent), "ms", 15.0),
                Line(f"{at}: main thread, longest frame", max(spent), "ms", 60.0),
                Line(f"{at}: of it drawing, median", median(drawn), "ms"),
            ]
    return lines


class Turn(NamedTuple):
    """What `probe.py` notes at every turn of the app's clock, all summed up from the start."""

    at: float
    spent: float
    computed: float
    strips: int
    plots: int


def played(
    size: tuple[int, int], keys: str, seconds: float
) -> tuple[tuple[float, float], list[float], list[float]]:
    """Strips and plots drawn a second; milliseconds of each frame, and without computing."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "frames.json"
        command = [sys.executable, str(HERE / "probe.py"), str(result), "{}"]
        terminal = Terminal(command, size)
        try:
            terminal.wait_for("┬")
            if keys:
                terminal.press(keys)
            time.sleep(1.0)
            time.sleep(seconds)
        finally:
            terminal.close("q")
        noted = json.loads(result.read_text(encoding="utf-8"))[30:]
    turns = [Turn(*each) for each in noted]
    first, last = turns[0], turns[-1]
    passed = last.at - first.at
    rates = ((last.strips - first.strips) / passed, (last.plots - first.plots) / passed)
    spent = [(after.spent - before.spent) * 1e3 for before, after in pairwise(turns)]
    drawn = [
        (after.spent - before.spent - after.computed + before.computed) * 1e3
        for before, after in pairwise(turns)
    ]
    return rates, spent, drawn


def keys(times: int = 60) -> list[Line]:
    """From a key to the picture that shows what it did, while playing."""
    lines = []
    deep = ("--depth", "1000", "--width", "16", "--batch-size", "16")
    cases: list[tuple[str, tuple[str, ...], str]] = [
        ("default", (), ""),
        ("default at full speed", (), "f"),
        ("1,000 layers", deep, ""),
        ("1,000 layers at full speed", deep, "f"),
        ("while remedies are tried", (), "8t1"),
    ]
    for name, arguments, before in cases:
        with running(*arguments) as terminal:
            for key in before:
                terminal.press(key)
                time.sleep(0.5)
            time.sleep(1.0)
            waits = []
            for turn in range(times):
                key, layer = ("\x1b[A", 2) if turn % 2 == 0 else ("\x1b[B", 1)
                at = terminal.press(key)
                waits.append((terminal.wait_for(rf"^ layer {layer}  \w", at) - at) * 1e3)
                time.sleep(0.05 + 0.013 * (turn % 7))  # at every phase of the clock
        lines += [
            Line(f"key to repaint, {name}: median", median(waits), "ms", 50.0),
            Line(f"key to repaint, {name}: 95th percentile", quantiles(waits, n=20)[-1], "ms", 100),
        ]
    return lines


def written(seconds: float = 8.0) -> list[Line]:
    """Bytes written a second."""
    lines = []
    for size in (MIDDLE, LARGE):
        for name, flags, keys in (
            ("default", (), ""),
            ("full speed", (), "f"),
            ("default, --low-bandwidth", ("--low-bandwidth",), ""),
            ("full speed, --low-bandwidth", ("--low-bandwidth",), "f"),
            ("paused", (), " "),
        ):
            with running(*flags, size=size) as terminal:
                terminal.press(keys)
                time.sleep(1.0)
                begun, cpu = time.perf_counter(), terminal.cpu()
                time.sleep(seconds)
                count = len(terminal.written(begun, begun + seconds))
                used = (terminal.cpu() - cpu) / seconds
            at = f"{named(size)}, {name}"
            most = 20.0 if flags else None
            lines.append(Line(f"{at}: written", count / seconds / 1e3, "kB/s", most))
            lines.append(Line(f"{at}: processor, all threads", used * 100, "% of one"))
    return lines


def memory(steps: int = 100_000) -> list[Line]:
    """Memory while a small network is trained at full speed."""
    small = ("--depth", "3", "--width", "4", "--batch-size", "8")
    sizes = {}
    with running(*small) as terminal:
        terminal.press("f")
        for goal in (steps // 10, steps):
            begun = time.perf_counter()
            while (now := step_of(terminal)) < goal:
                if time.perf_counter() - begun > 900:
                    raise TimeoutError(f"step {now} after 15 minutes")
                time.sleep(0.5)
            sizes[goal] = terminal.memory()
    early, late = sizes.values()
    return [
        Line(f"memory at step {steps // 10:,}", early / 1e6, "MB"),
        Line(f"memory at step {steps:,}", late / 1e6, "MB"),
        Line("growth over it", (late - early) / (steps * 0.9), "bytes a step", 64.0),
    ]


def step_of(terminal: Terminal) -> int:
    """The step it shows."""
    found = re.search(r"step (\d+)  ", terminal.screen.lines()[0])
    return int(found[1]) if found else 0


PARTS: dict[str, Callable[[], list[Line]]] = {
    "start": start, "frames": frames, "keys": keys, "bytes": written, "memory": memory,
}  # fmt: skip


def main() -> None:
    """Measure, and print or write the table."""
    chosen = [name for name in sys.argv[1:] if not name.startswith("-")] or list(PARTS)
    lines, loads = [], [getloadavg()[0]]
    for name in chosen:
        for line in PARTS[name]():
            print(line.cells(), flush=True)
            lines.append(line)
        loads.append(getloadavg()[0])
    if "--write" in sys.argv:
        DOCS.write_text(page(lines, loads), encoding="utf-8")


def page(lines: list[Line], loads: list[float]) -> str:
    """The whole page; `loads` are the load averages seen while it was measured."""
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    table = "\n".join(line.cells() for line in lines)
    return (
        "# Speed of the app\n\n"
        "Made by `python tests/benchmarks/app_in_a_terminal.py --write`, which runs the app in a\n"
        f"pseudo-terminal. {machine}, {cpu_count()} cores, load average "
        f"{min(loads):.1f} to {max(loads):.1f} while it was measured, this included.\n"
        "Read ratios; another machine has other figures. Start-up is from compiled files, as\n"
        "at every start but the first.\n\n"
        f"| what | measured | goal | met |\n|---|---|---|---|\n{table}\n"
    )


if __name__ == "__main__":
    main()
