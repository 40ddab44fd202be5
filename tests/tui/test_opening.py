"""Opening the app and leaving it: nothing is lost, and one line says how to come back."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import MIDDLE, advance, press, running, text

import gradsim
from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.keeping.folders import progress_file
from gradsim.keeping.progress import Standing, keep
from gradsim.keeping.sessions import entries, open_file
from gradsim.scenario.shelf import find
from gradsim.simulation import state
from gradsim.simulation.actions import Advance, Grain, Switch
from gradsim.simulation.session import Session
from gradsim.tui.app import GradsimApp
from gradsim.tui.opening import open_app, open_kept, open_scenario
from gradsim.view.frame import View, frame
from gradsim.view.history import step_at

ROOT = Path(gradsim.__file__).parent.parent
SECONDS = 60
SMALL = Experiment.of({"depth": 2, "width": 8})

Use = Callable[[GradsimApp], None]


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Lets apps be used, one after the other, and gives what each says when it opens."""

    def plan(*uses: Use) -> list[str]:
        said: list[str] = []
        left = list(uses)

        def run(it: GradsimApp) -> None:
            said.append(it.driver.message)
            left.pop(0)(it)

        monkeypatch.setattr(GradsimApp, "run", run)
        return said

    return plan


def switched(it: GradsimApp) -> None:
    it.session.do(Advance(Grain.STEP, 2))
    it.session.do(Switch({"activation": "relu"}))


def nothing(_: GradsimApp) -> None:
    return


def test_leaving_says_how_to_come_back_and_opening_again_offers_it(
    home: Path, used: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    said = used(switched, nothing, nothing)
    open_app(SMALL, offered=True)
    (entry,) = entries(home / "sessions")
    assert capsys.readouterr().out == f"this state again: gradsim open {entry.path}\n"
    open_app(SMALL, offered=True)
    open_app(SMALL)
    # What one has not touched can be had by flags, and takes the place of nothing.
    assert capsys.readouterr().out == "this state again: gradsim --depth 2 --width 8\n" * 2
    assert said[0] == said[2] == ""
    assert said[1].startswith("ctrl o opens the last session: 2x8 relu, step 2, ")
    assert entries(home / "sessions") == [entry]


def test_a_lesson_left_halfway_says_how_to_go_on_with_it(
    home: Path, used: Callable[..., list[str]]
) -> None:
    scenario = find("the-chain-rule")
    said = used(nothing, nothing)
    open_scenario(scenario)
    keep(progress_file(), {scenario.name: Standing(5, len(scenario.steps))})
    open_scenario(scenario)
    assert said[0] == ""
    assert said[1].startswith(f"begun, 5 of {len(scenario.steps)} at another time: ")
    assert "⟨lessons.resume⟩" in said[1]


def test_another_session_is_opened_in_its_place(
    home: Path, used: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    used(switched)
    open_app(SMALL)
    (entry,) = entries(home / "sessions")

    def wanting(path: Path) -> Use:
        def use(it: GradsimApp) -> None:
            it.wanted = path

        return use

    seen: list[Session] = []
    said = used(wanting(entry.path), lambda it: seen.append(it.session))
    open_app(SMALL)
    assert said[1] == "goes on from 2x8 relu, step 2"
    assert seen[0].experiment.activation == "relu"
    assert capsys.readouterr().out.endswith(f"gradsim open {entry.path}\n")
    entry.path.write_text("title = ")
    said = used(wanting(entry.path), nothing)
    open_app(SMALL)
    assert "not valid TOML" in said[1]


def test_a_crash_keeps_the_session(home: Path, used: Callable[..., list[str]]) -> None:
    def crash(it: GradsimApp) -> None:
        switched(it)
        raise RuntimeError("a bug")

    used(crash)
    with pytest.raises(RuntimeError):
        open_app(SMALL)
    (entry,) = entries(home / "sessions")
    assert open_file(entry.path).session.experiment.activation == "relu"


def test_a_saved_state_opens_and_bad_settings_are_said(
    home: Path, tmp_path: Path, used: Callable[..., list[str]]
) -> None:
    it = Session(SMALL)
    it.do(Advance(Grain.STEP, 3))
    state.save(it, tmp_path / "a.npz")
    said = used(nothing, nothing)
    open_kept(tmp_path / "a.npz", replay=False, report=lambda done, of: None)
    assert said[0].endswith("goes on from step 3, where its history begins")
    (home / "settings.toml").write_text('markers = "dots"')
    open_app(SMALL)
    assert 'markers is "dots", but must be one of braille, block, ascii' in said[1]
    (tmp_path / "a.npz").write_bytes(b"torn")
    with pytest.raises(InputError, match="is not a state"):
        open_kept(tmp_path / "a.npz", replay=False, report=lambda done, of: None)


def test_steps_that_are_asked_for_are_made_first(used: Callable[..., list[str]]) -> None:
    def look(it: GradsimApp) -> None:
        assert not it.driver.playing
        it.driver.tick(0.0, lambda: True)
        assert it.session.cursor == (7, 0)

    used(look)
    open_app(SMALL, 7)


class Terminal:
    """The real app as a process of its own, in a terminal that is read here."""

    def __init__(self, home: Path) -> None:
        self._master, own = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gradsim.cli.main", "--depth", "2", "--width", "8"],
            stdin=own,
            stdout=own,
            stderr=own,
            start_new_session=True,
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT), "GRADSIM_HOME": str(home), "TERM": "xterm-256color",
                "COLUMNS": "100", "LINES": "30",
            },
        )  # fmt: skip
        os.close(own)
        self.output = b""

    def wait(self, ready: Callable[[], bool]) -> None:
        """Read what it writes until something is so."""
        end = time.monotonic() + SECONDS
        while not ready():
            assert time.monotonic() < end, self.output[-2000:]
            self.read(0.05)

    def read(self, seconds: float) -> None:
        if select.select([self._master], [], [], seconds)[0]:
            try:
                self.output += os.read(self._master, 65536)
            except OSError:  # nobody has the other end any more
                time.sleep(seconds)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def hang_up(self) -> None:
        os.close(self._master)

    def ended(self) -> int:
        """Its exit code."""
        return self.process.wait(SECONDS)


@pytest.mark.parametrize("way", ["q", "SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"])
def test_however_it_ends_the_session_is_kept(way: str, home: Path) -> None:
    folder = home / "sessions"
    terminal = Terminal(home)
    try:
        terminal.wait(lambda: b"sigmoid" in terminal.output)
        terminal.press(b"a ")
        if way == "SIGKILL":
            terminal.wait(lambda: bool(entries(folder)))
        else:
            # What the switch did is said once it is made.
            terminal.wait(lambda: "sigmoid → relu".encode() in terminal.output)
        if way == "q":
            terminal.press(b"q")
        else:
            terminal.process.send_signal(getattr(signal, way))
        terminal.wait(lambda: terminal.process.poll() is not None)
        for _ in range(20):
            terminal.read(0.01)
    finally:
        terminal.process.kill()
        code = terminal.ended()
        terminal.hang_up()
    (entry,) = entries(folder)
    assert not entry.running
    assert open_file(entry.path).session.experiment.activation == "relu"
    assert b"Traceback" not in terminal.output
    wanted = {"q": 0, "SIGTERM": 0, "SIGINT": 0, "SIGHUP": 129, "SIGKILL": -9}[way]
    assert code == wanted
    assert (b"this state again: gradsim" in terminal.output) == (way in ("q", "SIGTERM", "SIGINT"))


async def test_a_saved_state_is_shown_at_the_steps_that_it_has_made(tmp_path: Path) -> None:
    it = Session(SMALL)
    it.do(Advance(Grain.STEP, 40))
    state.save(it, tmp_path / "a.npz")
    shown = GradsimApp(open_file(tmp_path / "a.npz").session, live=False, playing=False)
    async with running(shown, MIDDLE) as pilot:
        advance(shown, 5)
        await press(pilot, "a")
        screen = await text(pilot)
        assert "step 45  " in screen
        assert "steps 40 ━" in screen
        ticks = next(row for row in screen.splitlines() if row.rstrip("│ ").endswith("50"))
        assert ticks.split("│")[-2].split()[0] == "40"
        await press(pilot, "pagedown", "pagedown", "less_than_sign")
        assert "step 45: switched activation" in await text(pilot)
        shown.driver.visit(2)
        shown.advance(0.0)
        assert "step 42  done" in await text(pilot)
        for view, said in (("2", "step 42  "), ("5", "layer 1, step 42"), ("7", "after 43 steps")):
            await press(pilot, view)
            for _ in range(30):
                shown.advance(0.0)
            assert said in await text(pilot)
        await press(pilot, "1", "r")
        assert "again from step 40: the same state" in await text(pilot)


def test_a_press_in_the_history_of_a_saved_state_leads_to_its_step(tmp_path: Path) -> None:
    it = Session(SMALL)
    it.do(Advance(Grain.STEP, 40))
    state.save(it, tmp_path / "a.npz")
    opened = open_file(tmp_path / "a.npz").session
    opened.do(Advance(Grain.STEP, 20))
    shown = frame(opened, View())
    found = [step_at(shown, 60, 12, "braille", 0, x, 3) for x in range(60)]
    assert (min(found), max(found)) == (0, 19)
