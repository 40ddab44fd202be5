"""`gradsim diagnose --remedies`: its table, its JSON, and how it ends."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import pytest
from executors import Direct

from gradsim.cli.main import run
from gradsim.experiment.experiment import Experiment
from gradsim.insight import workers
from gradsim.insight.remedies import search
from gradsim.insight.remedies.search import Plan

KNOBS = ["--data", "blobs", "--depth", "5", "--width", "8", "--batch-size", "32"]
QUICK = Plan(singles=24, pairs=10, steps=4, leaders=2, further_steps=6)


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few steps, in this process."""
    monkeypatch.setattr(search, "Plan", lambda: QUICK)
    monkeypatch.setattr(workers, "Workers", Direct)


@pytest.mark.usefixtures("_quick")
def test_a_table_with_every_change_and_how_to_make_the_best(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["diagnose", "--remedies", *KNOBS]) == 1
    told = capsys.readouterr()
    assert told.err == ""
    text = told.out
    lines = text.splitlines()
    assert all(len(line) <= 80 for line in lines)
    flat = " ".join(text.split())
    assert "remedies: 24 single changes and 10 pairs, each 4 steps on seeds 0 and 1" in flat
    table = lines[next(k for k, line in enumerate(lines) if "held out" in line) + 1 :]
    assert "unchanged" in table[0]
    ranks = [line.split()[0] for line in table if line.split()[0].isdigit()]
    assert ranks == [str(k) for k in range(1, 35)]
    flags = text.split("to apply the first: ")[1].split()
    changes = {
        name.removeprefix("--"): value for name, value in zip(flags[::2], flags[1::2], strict=True)
    }
    # Put behind any command, whatever it says of these knobs, they hold.
    before = [
        part for knob in changes for part in (f"--{knob}", str(Experiment.of({}).value(knob)))
    ]
    run(["diagnose", "--json", *KNOBS, *before, *flags])
    shown = json.loads(capsys.readouterr().out)["experiment"]
    assert {knob: shown[knob] for knob in changes} == Experiment.of(changes).values(changes)


@pytest.mark.usefixtures("_quick")
def test_json_has_every_candidate_with_seeds_and_curves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["diagnose", "--remedies", "--json", *KNOBS]) == 1
    found = json.loads(capsys.readouterr().out)
    told = found["remedies"]
    base = Experiment.of(found["experiment"])
    assert told["complete"]
    assert told["problem"] == ""
    assert told["first_round"] == {"steps": 4, "seeds": [0, 1]}
    assert told["last_round"] == {"steps": 6, "seeds": [2, 3]}
    assert [row["rank"] for row in told["candidates"]] == list(range(1, 35))
    for row in (told["unchanged"], *told["candidates"]):
        assert base.switch(row["changes"])
        for name, seeds, steps in (("first_round", [0, 1], 4), ("last_round", [2, 3], 6)):
            runs: list[dict[str, Any]] = row[name]
            assert [one["seed"] for one in runs] == (seeds if runs else [])
            for one in runs:
                assert one["steps"] == len(one["losses"]) == len(one["grad_norms"]) == steps
                assert one["held_out"]["step"][-1] == steps
                assert len(one["held_out"]["accuracy"]) == len(one["held_out"]["step"])
                assert one["start"]["shape"]
    assert sum(bool(row["last_round"]) for row in told["candidates"]) == 2
    best, poorest = (told["candidates"][k]["accuracy"] for k in (0, -1))
    assert best >= poorest
    assert "remedies.candidates.0.loss" not in found["nulls"]


@pytest.mark.usefixtures("_quick")
def test_a_regression_is_ranked_by_loss(capsys: pytest.CaptureFixture[str]) -> None:
    knobs = ["--data", "sine", "--loss", "mean-squared-error", *KNOBS[2:]]
    assert run(["diagnose", "--remedies", "--json", *knobs]) == 1
    rows = json.loads(capsys.readouterr().out)["remedies"]["candidates"]
    assert all(row["accuracy"] is None for row in rows)
    for stretch in (rows[:2], rows[2:]):
        losses = [row["loss"] for row in stretch if row["finite"]]
        assert losses == sorted(losses)


def test_a_dead_worker_is_a_sentence_and_no_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Dead(Direct):
        def submit(self, *_: Any, **__: Any) -> Any:
            raise BrokenExecutor("gone")

    monkeypatch.setattr(workers, "Workers", Dead)
    assert run(["diagnose", "--remedies", *KNOBS]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("gradsim: a worker process came to an unexpected end")
    assert "held out" not in told.out


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks /proc for child processes")
def test_an_interrupt_ends_it_at_once_and_leaves_nobody_behind() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "gradsim.cli.main", "diagnose", "--remedies", "--depth", "200"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.stdout.readline().startswith("clipping") is False:
            pass  # the verdict is told before anything is tried
        while len(born := children.read_text().split()) < 2:
            assert process.poll() is None
        # As a terminal does: everyone in the foreground hears of it.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == ""
    for child in born:
        command = Path(f"/proc/{child}/cmdline")
        assert not command.exists() or not command.read_text(), "a worker lives on"
