"""How far one has come in the lessons: never less than before, whoever writes it."""

from pathlib import Path

import pytest

from gradsim.errors import InputError
from gradsim.keeping.progress import Standing, keep, read


def test_what_is_kept_is_read_again_with_names_of_any_kind(tmp_path: Path) -> None:
    file = tmp_path / "new" / "lessons.toml"
    now = {"gates": Standing(3, 9), "a.b ü": Standing(4, 4, True)}
    keep(file, now)
    assert read(file) == now
    assert [standing.words for standing in now.values()] == ["begun, 3 of 9", "done"]


def test_only_a_lesson_left_halfway_and_not_changed_since_goes_on() -> None:
    assert Standing(5, 9).left_at(9) == 5
    assert Standing(5, 9).left_at(10) == 0
    assert Standing(5, 9, True).left_at(9) == 0


def test_it_only_goes_forward_and_lessons_of_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "lessons.toml"
    keep(file, {"one": Standing(5, 9), "two": Standing(9, 9, True)})
    keep(file, {"one": Standing(2, 9), "three": Standing(1, 4)})
    keep(file, {"two": Standing(1, 12)})
    assert read(file) == {
        "one": Standing(5, 9),
        "two": Standing(1, 12, True),  # it has more steps now; it was finished all the same
        "three": Standing(1, 4),
    }


def test_what_is_known_is_not_written_again(tmp_path: Path) -> None:
    file = tmp_path / "lessons.toml"
    keep(file, {"one": Standing(5, 9)})
    before = file.stat()
    keep(file, {"one": Standing(4, 9)})
    assert file.stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    "text",
    ["", "one", "one = 3", "[one]\ndone = -1\nof = 3\nfinished = false", "[one]\ndone = 5\nof = 3"],
)
def test_what_cannot_be_read_counts_as_not_begun(tmp_path: Path, text: str) -> None:
    file = tmp_path / "lessons.toml"
    file.write_text(text, encoding="utf-8")
    assert read(file) == {}
    file.write_bytes(b"\xff\xfe")
    assert read(file) == {}
    assert read(tmp_path) == {}


def test_where_it_cannot_be_written_a_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        keep(tmp_path / "file" / "lessons.toml", {"one": Standing(1, 2)})
