"""A user's own CSV: what is read and how, and the one sentence for everything that cannot be."""

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gradsim.errors import InputError
from gradsim.experiment import csv_rows, tables
from gradsim.experiment.own_files import fingerprint, is_archive, is_file
from gradsim.experiment.sources import Table
from gradsim.experiment.tables import read_table

Write = Callable[[str | bytes], str]

NUMBERS = "a,b,y\n" + "".join(f"{k},{k / 8},{k * 1.5}\n" for k in range(10))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file and gives back its path; text as UTF-8, its line ends as they are."""

    def to_file(content: str | bytes) -> str:
        path = tmp_path / "my.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return to_file


def refusal(name: str, target: str = "") -> str:
    """The one sentence about this file, without the file's name that it begins with."""
    with pytest.raises(InputError) as caught:
        read_table(name, target)
    (sentence,) = caught.value.problems
    assert sentence.startswith(f"{name}: ")
    assert sentence.isprintable()
    assert len(sentence) < 600
    return sentence.removeprefix(f"{name}: ")


def same_table(one: Table, other: Table) -> bool:
    return (
        np.array_equal(one.inputs, other.inputs)
        and np.array_equal(one.targets, other.targets)
        and one.classes == other.classes
    )


# -- what is read -------------------------------------------------------------------------------


def test_numbers_become_columns_and_the_last_column_is_the_target(write: Write) -> None:
    table = read_table(write(NUMBERS), "")
    k = np.arange(10.0)
    np.testing.assert_array_equal(table.inputs, np.stack([k, k / 8], axis=1))
    np.testing.assert_array_equal(table.targets, 1.5 * k[:, None])
    assert table.inputs.dtype == table.targets.dtype == np.float64
    assert table.classes == ()
    assert not table.as_one


def test_spaces_around_a_name_are_no_part_of_it(write: Write) -> None:
    spaced = NUMBERS.replace("a,b,y", "a , b, y ")
    assert same_table(read_table(write(spaced), "a"), read_table(write(NUMBERS), "a"))


@pytest.mark.parametrize(("target", "rest"), [("a", [1, 2]), ("b", [0, 2]), ("y", [0, 1])])
def test_the_target_by_name_leaves_the_inputs(write: Write, target: str, rest: list[int]) -> None:
    name = write(NUMBERS.replace("9,1.125", "9.5,1.125"))  # so that a is no whole number either
    k = np.arange(10.0)
    a = k.copy()
    a[9] = 9.5
    columns = [a, k / 8, 1.5 * k]
    table = read_table(name, f" {target} ")
    np.testing.assert_array_equal(table.inputs, np.stack([columns[i] for i in rest], axis=1))
    np.testing.assert_array_equal(table.targets[:, 0], columns["aby".index(target)])


def test_every_way_to_write_a_number(write: Write) -> None:
    cells = ["1", "-2.5", "+3", "4e-3", ".5", "6.", "1E300", "-0", "5e-324"]
    table = read_table(
        write("x,y\n" + "".join(f"{cell},{k}.5\n" for k, cell in enumerate(cells))), ""
    )
    np.testing.assert_array_equal(table.inputs[:, 0], [float(cell) for cell in cells])


def test_words_become_a_column_of_0_and_1_each_in_order_of_the_words(write: Write) -> None:
    rows = ["red,1,2.5", "blue,2,1.5", "red,3,0.5", "green,4,2.5", "blue,5,3.5"]
    table = read_table(write("color,size,y\n" + "\n".join(rows)), "")
    np.testing.assert_array_equal(
        table.inputs,  # blue, green, red, size
        [[0, 0, 1, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 1, 0, 4], [1, 0, 0, 5]],
    )


def test_a_target_of_words_is_classes_in_order_of_the_words(write: Write) -> None:
    table = read_table(write("x,y\n1,yes\n2,no\n3,no\n4,maybe\n5,yes\n"), "")
    assert table.classes == ("maybe", "no", "yes")
    assert table.targets.tolist() == [2, 1, 1, 0, 2]
    assert table.targets.dtype == np.int64


def test_few_whole_numbers_that_repeat_are_classes(write: Write) -> None:
    table = read_table(write("x,y\n1,1000002\n2,-7\n3,1000001\n4,1e6\n5,-7.0\n6,0\n"), "")
    assert table.classes == ("-7", "0", "1000000", "1000001", "1000002")
    assert table.targets.tolist() == [4, 0, 3, 2, 0, 1]
    assert table.targets.dtype == np.int64


@pytest.mark.parametrize(
    "values",
    [
        [0.5, 1, 1, 2, 2, 3],  # one is not whole
        list(range(6)),  # none repeats
        [k % 21 for k in range(63)],  # 21 different ones
    ],
)
def test_other_numbers_are_a_number_to_predict(write: Write, values: list[float]) -> None:
    table = read_table(write("x,y\n" + "".join(f"{k},{v}\n" for k, v in enumerate(values))), "")
    assert table.classes == ()
    np.testing.assert_array_equal(table.targets, np.array(values, float)[:, None])


def test_20_whole_numbers_are_still_classes(write: Write) -> None:
    table = read_table(write("x,y\n" + "".join(f"{k},{k % 20}\n" for k in range(40))), "")
    assert len(table.classes) == 20


WORDY = 'size,color,"the y"\n1,red,0.5\n2,"light, blue",1.5\n3,red,2.5\n4,"say ""hi""",1.5\n5,é,0\n'


@pytest.mark.parametrize(
    "spelled",
    [
        b"\xef\xbb\xbf" + WORDY.encode(),
        WORDY.replace("\n", "\r\n").encode(),
        WORDY.replace("\n", "\r").encode(),
        WORDY.rstrip("\n").encode(),
        ("\n \n" + WORDY.replace("\n", "\n\n") + "\n  \n").encode(),
        WORDY.replace("red", '"red"').replace("1,", '"1",').encode(),
        WORDY.replace(",", ",  ").replace("light,  ", "light, ").replace("red", "red ").encode(),
    ],
    ids=["BOM", "CRLF", "CR", "no last line end", "blank lines", "quoted", "spaces"],
)
def test_the_same_table_in_other_spellings(write: Write, spelled: bytes) -> None:
    plain = read_table(write(WORDY), "the y")
    assert plain.inputs.shape == (5, 5)
    assert same_table(read_table(write(spelled), "the y"), plain)


def test_a_quoted_cell_may_hold_line_ends_and_commas(write: Write) -> None:
    cells = ['"one\ntwo"', '"a,b"', '"one\r\ntwo"', '"a,b"', '"one\ntwo"']
    text = "y,x\n" + "".join(f"{cell},{k}\n" for k, cell in enumerate(cells))
    table = read_table(write(text), "y")
    assert table.classes == ("a,b", "one\ntwo", "one\r\ntwo")
    assert table.targets.tolist() == [1, 0, 2, 0, 1]


def test_a_constant_input_is_read(write: Write) -> None:
    table = read_table(write("x,c,w,y\n" + "".join(f"{k},7,same,{k}.5\n" for k in range(5))), "")
    np.testing.assert_array_equal(table.inputs[:, 1:], [[7.0, 1.0]] * 5)


def test_whole_numbers_as_names_of_columns(write: Write) -> None:
    table = read_table(write("2019,2020,y\n" + "1,2,0.5\n" * 4 + "1,2,1.5\n"), "y")
    assert table.inputs.shape == (5, 2)


def test_nothing_depends_on_where_a_block_ends(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = write(WORDY)
    whole = read_table(name, "")
    for rows in (1, 2, 3):
        monkeypatch.setattr(csv_rows, "CELLS_AT_ONCE", 1)
        monkeypatch.setattr(csv_rows, "ROWS_AT_ONCE", rows)
        assert same_table(read_table(name, ""), whole)


def test_100_different_words_are_categories_and_101_are_not(write: Write) -> None:
    def text(words: int) -> str:
        return "id,y\n" + "".join(f"word{k % words},{k}.5\n" for k in range(2 * words))

    assert read_table(write(text(100)), "").inputs.shape == (200, 100)
    assert refusal(write(text(101))) == (
        'line 102, column "id" is "word100", one different word too many: at most 100 are taken '
        "as categories"
    )


def test_a_path_may_be_relative_or_begin_with_a_tilde(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = read_table(write(NUMBERS), "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert same_table(read_table("my.csv", ""), wanted)
    assert same_table(read_table("./my.csv", ""), wanted)
    assert same_table(read_table("~/my.csv", ""), wanted)


@pytest.mark.parametrize("name", ["a.csv", "A.CSV", "/x/y.z/a b.Csv", "~/a.csv", "a.npz.csv"])
def test_names_of_csv_files(name: str) -> None:
    assert is_file(name)
    assert not is_archive(name)


@pytest.mark.parametrize("name", ["a.npz", "A.NPZ", "/x/y.z/a b.Npz", "~/a.npz", "a.csv.npz"])
def test_names_of_npz_files(name: str) -> None:
    assert is_file(name)
    assert is_archive(name)


@pytest.mark.parametrize(
    "name", ["digits", "csv", "npz", "a.txt", "a.csv.gz", "a.npz.gz", "a.npy", "a.tsv", ""]
)
def test_names_of_other_things(name: str) -> None:
    assert not is_file(name)
    assert not is_archive(name)


# -- what is refused ----------------------------------------------------------------------------

ROWS = "1,2,0.5\n2,3,1.5\n3,4,2.5\n4,5,3.5\n5,6,4.5\n"

HEADER_RIGHT = "a first line with the names of the columns is right"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f"it is empty; {HEADER_RIGHT}"),
        ("\ufeff", f"it is empty; {HEADER_RIGHT}"),
        ("\n \r\n\n", f"it is empty; {HEADER_RIGHT}"),
        ("a,b,y", "it has no rows below the header; at least 5 are needed"),
        ("a,b,y\n\n\n", "it has no rows below the header; at least 5 are needed"),
        ("a,b,y\n1,2,3\n", "it has only 1 row below the header; at least 5 are needed"),
        ("a,b,y\n" + "1,2,3\n" * 4, "it has only 4 rows below the header; at least 5 are needed"),
        ("a,,y\n" + ROWS, f"line 1, column 2 has no name; {HEADER_RIGHT}"),
        ("a,b, \n" + ROWS, f"line 1, column 3 has no name; {HEADER_RIGHT}"),
        (",a,y\n" + ROWS, f"line 1, column 1 has no name; {HEADER_RIGHT}"),
        (
            "\na,b, a\n" + ROWS,
            'line 2 has two columns named "a"; each needs a name of its own',
        ),
        (ROWS, f'line 1 has numbers, such as "1"; {HEADER_RIGHT}'),
        ("5,0,0,3\n" * 9, f'line 1 has numbers, such as "5"; {HEADER_RIGHT}'),
        ("5.1,3.5,setosa\n" * 9, f'line 1 has numbers, such as "5.1"; {HEADER_RIGHT}'),
        (
            "a;b;y\n1;2;3\n",
            'its only column is named "a;b;y"; cells must be separated by commas, not semicolons',
        ),
        (
            "a\tb\ty\n1\t2\t3\n",
            'its only column is named "a\ufffdb\ufffdy"; cells must be separated by commas, '
            "not tabs",
        ),
        (
            "a|b\n1|2\n",
            'its only column is named "a|b"; cells must be separated by commas, not bars',
        ),
        (
            "y\n1\n2\n3\n4\n5\n",
            'its only column, "y", is the target; at least one more to learn from is needed',
        ),
        ("a,b,y\n" + ROWS + "7,8\n", "line 7 has 2 cells, but the header has 3"),
        ("a,b,y\n1,2,3,4\n" + ROWS, "line 2 has 4 cells, but the header has 3"),
        ("a,b,y\n" + ROWS + "\n\n7\n", "line 9 has 1 cell, but the header has 3"),
        (
            "a,b,y\n" + ROWS.replace("3,4", "3,"),
            'line 4, column "b" is empty; fill the gap or take the line out',
        ),
        (
            "a,b,y\n" + ROWS.replace("3,4", "3, "),
            'line 4, column "b" is empty; fill the gap or take the line out',
        ),
        (
            "a,b,y\n" + ROWS + ",,\n",
            'line 7, column "a" is empty; fill the gap or take the line out',
        ),
        (
            "a,b,y\n" + ROWS.replace("3,4", "3,unknown"),
            'line 4, column "b" is "unknown", but line 2 has the number "2" there; a column must '
            "have numbers only, or words only",
        ),
        (
            "a,b,y\n" + ROWS.replace("1,2,", "1,NA,"),
            'line 3, column "b" is the number "3", but line 2 has "NA" there; a column must have '
            "numbers only, or words only",
        ),
        (
            "a,b,y\n" + ROWS.replace("5,6", "5,1_000"),
            'line 6, column "b" is "1_000", but line 2 has the number "2" there; a column must '
            "have numbers only, or words only",
        ),
        (
            "a,b,y\n" + ROWS.replace("3,4", "3,nan"),
            'line 4, column "b" is "nan", but must be a finite number',
        ),
        (
            "a,b,y\n" + ROWS.replace("3,4", "3,-Infinity"),
            'line 4, column "b" is "-Infinity", but must be a finite number',
        ),
        (
            "a,b,y\n" + ROWS.replace("3,4", "3,1e999"),
            'line 4, column "b" is "1e999", but must be a finite number',
        ),
        (
            "a,b,y\n" + ROWS.replace("2.5", "inf"),
            'line 4, column "y" is "inf", but must be a finite number',
        ),
        (
            'a,b,y\n1,"2,5",3\n' + ROWS,
            'line 2, column "b" is "2,5"; with a decimal point, "2.5" is right',
        ),
        (
            "a,y\n" + "".join(f"{k},same\n" for k in range(9)),
            'column "y" is "same" in every row; a target must differ from row to row',
        ),
        (
            "a,y\n" + "".join(f"{k},3.50\n" for k in range(9)),
            'column "y" is "3.50" in every row; a target must differ from row to row',
        ),
        (
            "a,y\n" + "".join(f"{k},name{k}\n" for k in range(9)),
            'column "y" has another word in every row; a target needs several rows of each class',
        ),
        (
            'a,b,y\n1,"2,0.5\n2,3,1.5\n',
            "line 2 opens a quotation mark that is never closed; close it",
        ),
        (
            'a,b,y\n1,"2"3,4\n' + ROWS,
            "line 2 goes on after a closing quotation mark; a comma or the end of the line is "
            "right",
        ),
        (
            "a,b,y\n1,2\x003,4\n" + ROWS,
            "line 2 has a NUL byte, which no text has; save the table as CSV in UTF-8",
        ),
    ],
)  # fmt: skip
def test_bad_text(write: Write, text: str, sentence: str) -> None:
    assert refusal(write(text)) == sentence


def test_lines_are_counted_as_an_editor_counts_them(write: Write) -> None:
    # A blank line, and two cells that go over two and three lines.
    text = '\na,b,y\n\n"x\ny",1,0.5\r\n"x\n\ny",2,1.5\n"x\ny",3,1.5\n"x\ny",4,oops\n'
    assert refusal(write(text)).startswith('line 11, column "y" is "oops", but line 4 has')
    assert refusal(write(text.replace(",3,", ","))) == "line 9 has 2 cells, but the header has 3"
    assert refusal(write(text + '"open,1,1\n\n\n')).startswith("line 13 opens a quotation mark")


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_words_and_numbers_are_told_apart_over_blocks(
    write: Write, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(csv_rows, "CELLS_AT_ONCE", 1)
    monkeypatch.setattr(csv_rows, "ROWS_AT_ONCE", rows)
    low, high = "x,y\n1,0.5\n2,1.5\n3,2.5\n", "4,3.5\n5,4.5\n"
    assert refusal(write(f"{low}word,1\n{high}")).startswith(
        'line 5, column "x" is "word", but line 2 has the number "1" there'
    )
    words = low.replace("1,", "p,").replace("2,", "q,").replace("3,", "p,")
    assert refusal(write(f"{words}7,1.5\n{high}")).startswith(
        'line 5, column "x" is the number "7", but line 2 has "p" there'
    )


def test_a_target_that_is_not_there(write: Write) -> None:
    name = write("size,color,price\n1,red,0.5\n" + "2,blue,1.5\n" * 5)
    assert refusal(name, "colour") == 'there is no column "colour"; did you mean "color"?'
    assert refusal(name, "xyz") == 'there is no column "xyz"; known are: size, color, price'


def test_a_target_that_is_not_there_among_thousands(write: Write) -> None:
    name = write(",".join(f"column{k}" for k in range(3000)) + "\n" + ("1," * 2999 + "2\n") * 5)
    assert refusal(name, "xyz").startswith('there is no column "xyz"; known are: column0, ')


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "a,y\ncafé,1\n".encode("latin-1"),
            "line 2 has a byte that is not UTF-8 (0xe9, after 3 characters); save the file as "
            "UTF-8",
        ),
        (
            ("a,y\n" + "é,1\n" * 5000).encode() + b"\xff,2\n",
            "line 5002 has a byte that is not UTF-8 (0xff, after 0 characters); save the file as "
            "UTF-8",
        ),
        (NUMBERS.encode("utf-16"), "it is UTF-16; save the file as UTF-8"),
        (b"\xfe\xff" + NUMBERS.encode("utf-16-be"), "it is UTF-16; save the file as UTF-8"),
        (
            NUMBERS.encode("utf-16-le"),
            "line 1 has a NUL byte, which no text has; save the table as CSV in UTF-8",
        ),
        (
            "a,y\né".encode()[:-1],
            "line 2 has a byte that is not UTF-8 (0xc3, after 0 characters); save the file as "
            "UTF-8",
        ),
    ],
    ids=["Latin-1", "far down", "UTF-16", "UTF-16 BE", "UTF-16 without BOM", "cut off"],
)
def test_bytes_that_are_not_utf_8(write: Write, content: bytes, sentence: str) -> None:
    assert refusal(write(content)) == sentence


def test_a_sentence_stays_one_short_line_whatever_the_file_holds(write: Write) -> None:
    evil = "\x1b[2J\n" + "long" * 5000
    found = refusal(write(f'a,"{evil}"\n1,2\n2,"{evil}"\n'))
    assert found.startswith('line 4, column "\ufffd[2J\ufffdlonglong')
    assert len(found) < 250
    with pytest.raises(InputError) as caught:
        read_table("no\nsuch\x1b[2J" + "x" * 5000 + ".csv", "")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


# -- what is too large --------------------------------------------------------------------------


class Stream:
    """Stands for an open file; `line` makes the next line, given how many characters are asked."""

    def __init__(self, line: Callable[[int], str]) -> None:
        self.readline = line

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def serve(monkeypatch: pytest.MonkeyPatch, line: Callable[[int], str]) -> None:
    monkeypatch.setattr(Path, "open", lambda *_, **__: Stream(line))


def test_ten_million_rows_are_refused_at_the_bound_without_being_kept(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = write(NUMBERS)
    monkeypatch.setattr(csv_rows, "MOST_ROWS", 50_000)
    count = 0

    def endless(_: int) -> str:
        nonlocal count
        count += 1
        return "a,b,y\n" if count == 1 else "1.25,2.5,3\n"

    serve(monkeypatch, endless)
    tracemalloc.start()
    try:
        assert refusal(name) == "it has more than 50,000 rows; take a part of it"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 50_000 < count < 60_000
    # 50,000 rows of 3 numbers are 1.2 MB; as text they are above 10 MB.
    assert peak < 4e6


def test_as_many_rows_as_the_bound_are_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "MOST_ROWS", 10)
    assert len(read_table(write(NUMBERS), "").inputs) == 10
    assert refusal(write(NUMBERS + "1,1,1\n")) == "it has more than 10 rows; take a part of it"


def test_a_wide_table_has_fewer_rows(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "MOST_NUMBERS", 30)
    assert len(read_table(write(NUMBERS), "").inputs) == 10
    assert refusal(write(NUMBERS + "1,1,1\n")) == (
        "it has more than 10 rows of 3 cells; take a part of it"
    )


def test_categories_count_as_inputs(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    name = write("w,y\n" + "".join(f"w{k % 7},{k}.5\n" for k in range(14)))
    monkeypatch.setattr(tables, "MOST_NUMBERS", 14 * 7)
    assert read_table(name, "").inputs.shape == (14, 7)
    monkeypatch.setattr(tables, "MOST_NUMBERS", 14 * 7 - 1)
    assert refusal(name) == (
        "14 rows with 7 inputs (each category is one) are more than 97 numbers; take a part of it"
    )


def test_too_many_columns(write: Write) -> None:
    assert refusal(write("a," * 10_000 + "y\n")) == "it has 10,001 columns; at most 10,000 are read"


def test_10_gigabytes_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "big.csv"
    path.touch()
    os.truncate(path, 10 * 2**30)  # takes no room on the disk
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("it is opened"))
    assert refusal(str(path)) == (
        "it has 10,240 MiB; at most 200 MiB are read: take a part of it"
    )  # fmt: skip


def test_a_line_without_an_end(write: Write) -> None:
    assert refusal(write("a,y\n1,2\n" + "3," * 2**19 + "4\n")) == (
        "line 3 has more than 1,048,576 characters; a line for each row is right"
    )


def test_a_line_without_an_end_is_not_read_to_its_end(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = write(NUMBERS)
    asked: list[int] = []

    def line(size: int) -> str:
        asked.append(size)
        return "x" * min(size, 3_000_000)

    serve(monkeypatch, line)
    assert refusal(name).startswith("line 1 has more than 1,048,576 characters")
    assert asked == [2**20 + 1]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_of_a_megabyte(write: Write, quote: str) -> None:
    text = f"a,y\n1,2\n{quote}{'x' * 1_000_000}{quote},3\n"
    assert refusal(write(text)) == (
        "line 3 has a cell of more than 131,072 characters; is a quotation mark not closed?"
    )


def test_a_quotation_mark_left_open_in_a_long_file(write: Write) -> None:
    text = 'a,y\n1,2\n3,"4\n' + "5,6\n" * 50_000
    assert refusal(write(text)) == (
        "line 3 has a cell of more than 131,072 characters; is a quotation mark not closed?"
    )


# -- what is no file ----------------------------------------------------------------------------


def test_no_such_file(tmp_path: Path) -> None:
    sentence = "there is no such file; the path of a CSV file is right"
    assert refusal(str(tmp_path / "none.csv")) == sentence
    assert refusal(str(tmp_path / "none" / "my.csv")) == sentence
    assert refusal("~no-such-user/my.csv") == sentence


def test_a_directory(tmp_path: Path) -> None:
    path = tmp_path / "folder.csv"
    path.mkdir()
    assert refusal(str(path)) == "this is a directory; a CSV file with a header is right"


def test_a_pipe_and_a_device_are_not_waited_for(tmp_path: Path) -> None:
    pipe, zero = tmp_path / "pipe.csv", tmp_path / "zero.csv"
    os.mkfifo(pipe)
    zero.symlink_to("/dev/zero")
    for path in (pipe, zero):
        assert refusal(str(path)) == (
            "this is a device or a pipe; a CSV file with a header is right"
        )  # fmt: skip


def test_links_in_a_circle_and_names_that_no_file_can_have(tmp_path: Path) -> None:
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    assert refusal(str(loop)) == "it cannot be read: too many levels of symbolic links"
    assert refusal("x" * 150 + "/" + "x" * 40 + ".csv").startswith("there is no such file")
    with pytest.raises(InputError, match=r"^a.b\.csv: it cannot be read: "):
        read_table("a\0b.csv", "")
    with pytest.raises(InputError, match="it cannot be read: file name too long"):
        read_table("x" * 300 + ".csv", "")


def test_no_permission(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    name = write(NUMBERS)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", denied)
        assert refusal(name) == "it cannot be read: permission denied"
    monkeypatch.setattr(Path, "stat", denied)
    assert refusal(name) == "it cannot be read: permission denied"


def test_a_disk_that_fails_while_it_is_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    name = write(NUMBERS)

    def fail(_: int) -> str:
        raise OSError(5, "Input/output error")

    serve(monkeypatch, fail)
    assert refusal(name) == "it cannot be read: input/output error"


# -- when it has changed ------------------------------------------------------------------------


def test_the_fingerprint_tells_states_of_a_file_apart(write: Write) -> None:
    name = write(NUMBERS)
    first = fingerprint(name)
    assert fingerprint(name) == first
    write(NUMBERS + "1,1,1\n")
    longer = fingerprint(name)
    assert longer != first
    kept = Path(name).stat()
    os.utime(name, ns=(kept.st_atime_ns, kept.st_mtime_ns + 10**9))
    assert fingerprint(name) != longer


def test_the_fingerprint_of_a_change_that_keeps_length_and_time(write: Write) -> None:
    name = write(NUMBERS)
    kept, first = Path(name).stat(), fingerprint(name)
    # Clocks of file systems go in ticks; two changes within one cannot be told apart.
    while Path(name).stat().st_ctime_ns == kept.st_ctime_ns:
        write(NUMBERS.replace("9", "8"))
        os.utime(name, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert Path(name).stat().st_mtime_ns == kept.st_mtime_ns
    assert Path(name).stat().st_size == kept.st_size
    assert fingerprint(name) != first
