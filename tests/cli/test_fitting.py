"""Loss and batch size that fit the data are chosen where nothing is said of them, and told."""

from pathlib import Path

import pytest

from gradsim.cli.fitting import SMALL, fitted
from gradsim.cli.main import run
from gradsim.experiment.experiment import Experiment


@pytest.fixture
def own(tmp_path: Path) -> Path:
    rows = [f"{k},{k * 0.37:.2f},{'ab'[k % 2]}" for k in range(50)]
    path = tmp_path / "own.csv"
    path.write_text("x,y,c\n" + "\n".join(rows) + "\n")
    return path


def chosen(**given: object) -> tuple[dict[str, tuple[object, object]], list[str]]:
    asked = {name.replace("_", "-"): value for name, value in given.items()}
    before = Experiment.of(asked)
    after, said = fitted(before, asked)
    return before.differs(after), said


def test_few_rows_are_one_batch(own: Path) -> None:
    changed, said = chosen(data=str(own))
    assert changed == {"batch-size": (64, 40)}
    assert said == [f"batch-size is 40: {own} has no more rows to train on"]


def test_a_number_to_predict_has_its_loss(own: Path) -> None:
    assert chosen(cell="rnn", data="adding")[0] == {
        "loss": ("softmax-cross-entropy", "mean-squared-error")
    }
    changed, said = chosen(data=str(own), target="y", batch_size=8)
    assert changed == {"loss": ("softmax-cross-entropy", "mean-squared-error")}
    assert said == [f"loss is mean-squared-error: {own} has a number to predict"]


def test_what_is_given_stays_as_it_is(own: Path) -> None:
    assert chosen(data="adding", loss="huber") == ({}, [])
    assert chosen(data="adding", loss="softmax-cross-entropy") == ({}, [])
    assert chosen(data=str(own), batch_size=64) == ({}, [])
    assert chosen(depth=3) == ({}, [])


def test_a_large_file_is_not_read_twice(own: Path) -> None:
    own.write_text(own.read_text() + " " * SMALL)
    assert chosen(data=str(own)) == ({}, [])


def test_the_command_runs_and_says_what_was_chosen(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", "--data", str(own), "--depth", "2", "--steps", "1"]) == 0
    assert "batch-size is 40: " in capsys.readouterr().err
    few = ["--depth", "1", "--width", "4", "--sequence-length", "5", "--steps", "1"]
    assert run(["run", "--cell", "rnn", "--data", "adding", *few]) == 0
    assert "loss is mean-squared-error: adding has a number" in capsys.readouterr().err
    # Typed as it was, it is an error as before.
    assert run(["run", "--data", str(own), "--batch-size", "64", "--steps", "1"]) == 2
    assert "40 rows to train on" in capsys.readouterr().err


def test_a_state_in_the_place_of_an_experiment_is_said_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.npz"
    assert run(["run", "--depth", "2", "--width", "4", "--steps", "1", "--save", str(state)]) == 0
    capsys.readouterr()
    for command in ("diagnose", "play", "check"):
        assert run([command, str(state)]) == 2
        told = capsys.readouterr().err
        assert f"{state} is a saved state and no text: gradsim open {state} goes on" in told


def test_true_is_true_and_not_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.toml"
    for verb in ("undo", "redo", "again", "pin", "swap"):
        path.write_text(f'title = "t"\n[[steps]]\nsay = "x"\n[[steps]]\n{verb} = 1\n')
        assert run(["check", str(path)]) == 2
        assert f"{verb} is 1, but must be true" in capsys.readouterr().err
