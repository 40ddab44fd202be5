"""Files are there whole or not at all, and what is no file is written into, never put away."""

import os
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from gradsim.cli.main import run
from gradsim.errors import InputError
from gradsim.files import write_whole, write_with


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_and_what_it_names_is_written(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    there, link = tmp_path / "elsewhere" / "there.txt", tmp_path / "link.txt"
    link.symlink_to(there)
    for content in (b"first", b"second"):
        write_whole(link, content)
        assert link.is_symlink()
        assert there.read_bytes() == content


@pytest.mark.parametrize("command", ["save", "export"])
def test_a_pipe_is_written_into(tmp_path: Path, command: str) -> None:
    state, pipe, got = tmp_path / "state.npz", tmp_path / "pipe", list[bytes]()
    small = ["run", "--depth", "2", "--width", "4", "--steps", "1", "--save"]
    assert run([*small, str(state)]) == 0
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    ask = {"save": [*small, str(pipe)], "export": ["export", str(state), "-o", str(pipe)]}
    assert run(ask[command]) == 0
    reader.join()
    assert pipe.is_fifo()
    assert got[0][:2] == {"save": b"PK", "export": b'""'}[command]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written: is a directory"):
        write_whole(tmp_path, b"content")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_breaks_off_leaves_the_old_file_and_no_draft(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")

    def broken(file: BinaryIO) -> None:
        file.write(b"half")
        raise error

    with pytest.raises((InputError, KeyboardInterrupt)):
        write_with(path, broken)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"


def test_a_place_that_cannot_be_written_is_refused_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, words in (
        (tmp_path / "none" / "state.npz", "no such file or directory"),
        (tmp_path, "is a directory"),
    ):
        # So many steps would take hours: it is told at once, or this test does not end.
        assert run(["run", "--steps", "1000000", "--save", str(path)]) == 2
        shown = capsys.readouterr()
        assert (shown.out, shown.err) == ("", f"gradsim: {path} cannot be written: {words}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_takes_no_number_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "--depth", "2", "--width", "4", "--steps", "1", "--save", "/dev/full"]) == 2
    shown = capsys.readouterr()
    assert "step 1: loss " in shown.out
    assert shown.err == "gradsim: /dev/full cannot be written: no space left on device\n"
    assert Path("/dev/full").is_char_device()
