"""`gradsim lessons`: the course in its order, and how far one has come."""

import pytest

from gradsim.cli.main import run
from gradsim.keeping.folders import progress_file
from gradsim.keeping.progress import Standing, keep
from gradsim.scenario.shelf import find, lessons


def test_every_lesson_in_order_with_its_progress(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = lessons()[:2]
    keep(progress_file(), {first: Standing(9, 9, True), second: Standing(4, 12)})
    assert run(["lessons"]) == 0
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if line[:1] in ("✓", "▸", "·")]
    assert [row.split()[1] for row in rows] == lessons()
    assert (rows[0][0], rows[0].rstrip().split()[2]) == ("✓", "done")
    assert "begun, 4 of 12" in rows[1]
    assert all(row.startswith("·") and "new" in row for row in rows[2:])
    assert all(find(name).title in out for name in lessons())
    assert out.endswith(f"1 of {len(lessons())} done; the next: gradsim play {second}\n")


def test_at_first_all_are_new_and_at_the_end_none_is_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["lessons"]) == 0
    assert f"0 of {len(lessons())} done; the next: gradsim play {lessons()[0]}" in (
        capsys.readouterr().out
    )
    keep(progress_file(), {name: Standing(1, 1, True) for name in lessons()})
    assert run(["lessons"]) == 0
    assert capsys.readouterr().out.endswith(f"\n{len(lessons())} of {len(lessons())} done\n")
