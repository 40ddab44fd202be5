"""A user's own NPZ: what is read and how, and the one sentence for everything that cannot be."""

import io
import os
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import same_bits

from gradsim.errors import InputError
from gradsim.experiment import archive_heads
from gradsim.experiment.archives import read_archive

Write = Callable[..., str]

X = np.arange(30.0).reshape(10, 3) / 8
TWO = np.arange(10) % 2


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes bytes, or arrays as numpy.savez does, and gives back the path of the file."""

    def to_file(content: bytes | None = None, **arrays: Any) -> str:
        path = tmp_path / "my.npz"
        path.write_bytes(saved(**arrays) if content is None else content)
        return str(path)

    return to_file


def saved(packed: bool = False, **arrays: Any) -> bytes:
    """The bytes of an NPZ file."""
    file = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(file, **arrays)
    return file.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The bytes of a ZIP file; every checksum in it is right."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def npy(head: str, content: bytes, version: int = 1) -> bytes:
    """An array as it stands in the file, with any head."""
    length = struct.pack("<H" if version == 1 else "<I", len(head))
    return b"\x93NUMPY" + bytes([version, 0]) + length + head.encode("latin-1") + content


def head(descr: str, shape: str, order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def plain_array(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def refusal(name: str) -> str:
    """The one sentence about this file, without the file's name that it begins with."""
    with pytest.raises(InputError) as caught:
        read_archive(name)
    (sentence,) = caught.value.problems
    assert sentence.startswith(f"{name}: ")
    assert sentence.isprintable()
    assert len(sentence) < 600
    return sentence.removeprefix(f"{name}: ")


# -- what is read -------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
def test_inputs_and_a_number_to_predict(write: Write, packed: bool) -> None:
    table = read_archive(write(saved(packed, inputs=X, targets=X[:, 1] ** 2)))
    assert same_bits(table.inputs, X)
    assert same_bits(table.targets, X[:, 1:2] ** 2)
    assert table.classes == ()
    assert table.held_out is None
    assert not table.as_one


def test_one_feature_and_several_numbers_to_predict(write: Write) -> None:
    table = read_archive(write(inputs=X[:, 0], targets=X))
    assert same_bits(table.inputs, X[:, :1])
    assert same_bits(table.targets, X)


@pytest.mark.parametrize(
    "kind", ["f2", "f4", "f8", ">f8", "i1", "<i8", ">i4", "u2", "u8", "?", "g"]
)
def test_every_kind_of_number_becomes_float64(write: Write, kind: str) -> None:
    x = (X * 8 % 5).astype(kind)
    table = read_archive(write(inputs=x, targets=TWO))
    assert same_bits(table.inputs, np.array(x.tolist(), np.float64))


def test_the_order_in_memory_does_not_matter(write: Write) -> None:
    table = read_archive(write(inputs=np.asfortranarray(X), targets=np.asfortranarray(X)))
    assert same_bits(table.inputs, X)
    assert same_bits(table.targets, X)
    assert table.inputs.flags.c_contiguous


@pytest.mark.parametrize("kind", ["i1", "i8", ">i2", "u1", "u8"])
def test_whole_numbers_are_classes_in_their_order(write: Write, kind: str) -> None:
    labels = np.array([10, 9, 100, 9, 10, 9, 100, 10, 9, 9])
    table = read_archive(write(inputs=X, targets=labels.astype(kind)))
    assert table.classes == ("9", "10", "100")
    assert table.targets.tolist() == [1, 0, 2, 0, 1, 0, 2, 1, 0, 0]
    assert table.targets.dtype == np.int64


def test_whole_numbers_that_floats_cannot_tell_apart(write: Write) -> None:
    table = read_archive(write(inputs=X, targets=2**63 - 1 - TWO))
    assert table.classes == ("9223372036854775806", "9223372036854775807")
    assert table.targets.tolist() == (1 - TWO).tolist()


def test_truth_values_are_classes(write: Write) -> None:
    table = read_archive(write(inputs=X, targets=TWO == 1))
    assert table.classes == ("False", "True")
    assert table.targets.tolist() == TWO.tolist()


@pytest.mark.parametrize("kind", ["U", ">U9", "S"])
def test_words_are_classes_in_their_order(write: Write, kind: str) -> None:
    words = np.array(["yes", "no", "no", "maybe", "yes"] * 2).astype(kind)
    table = read_archive(write(inputs=X, targets=words))
    assert table.classes == ("maybe", "no", "yes")
    assert table.targets.tolist() == [2, 1, 1, 0, 2] * 2


def test_words_of_every_alphabet(write: Write) -> None:
    words = np.array(["Ω", "größer", "\U0001f600", "a b", "Ω"] * 2)
    assert read_archive(write(inputs=X, targets=words)).classes == tuple(sorted(set(words)))
    octets = np.char.encode(words, "utf-8")
    assert set(read_archive(write(inputs=X, targets=octets)).classes) == set(words)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_floats_are_numbers_to_predict_even_where_they_are_whole(write: Write, kind: str) -> None:
    table = read_archive(write(inputs=X, targets=TWO.astype(kind)))
    assert table.classes == ()
    assert same_bits(table.targets, TWO[:, None].astype(np.float64))


def test_100_classes_are_read(write: Write) -> None:
    k = np.arange(200)
    assert len(read_archive(write(inputs=k, targets=k // 2)).classes) == 100


@pytest.mark.parametrize(
    ("targets", "held_out"),
    [
        (TWO, np.array([1, 1, 0], np.uint8)),
        (TWO == 1, np.array([True, True, False])),
        (np.array(["a", "bcd"])[TWO], np.array([b"bcd", b"bcd", b"a"])),
    ],
)
def test_held_out_rows_take_their_classes_from_the_others(
    write: Write, targets: Any, held_out: Any
) -> None:
    more = -X[:3].astype(np.float32)
    table = read_archive(
        write(inputs=X, targets=targets, held_out_inputs=more, held_out_targets=held_out)
    )
    assert len(table.classes) == 2
    assert table.targets.tolist() == TWO.tolist()
    assert table.held_out is not None
    assert same_bits(table.held_out[0], -X[:3])
    assert table.held_out[1].tolist() == [1, 1, 0]
    assert table.held_out[1].dtype == np.int64


def test_one_held_out_row_of_numbers(write: Write) -> None:
    table = read_archive(
        write(inputs=X[:, 0], targets=X, held_out_inputs=X[:1, 0], held_out_targets=X[:1])
    )
    assert table.held_out is not None
    assert same_bits(table.held_out[0], X[:1, :1])
    assert same_bits(table.held_out[1], X[:1])


def test_other_arrays_are_left_alone(write: Write) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return pytest.fail, ("it was executed",)

    trap = np.array([Trap()], object)
    table = read_archive(write(inputs=X, targets=TWO, feature_names=trap, weights=np.ones(7)))
    assert same_bits(table.inputs, X)
    with pytest.raises(pytest.fail.Exception):
        pickle.loads(pickle.dumps(Trap()))  # the trap does work
    trap = np.array([Trap()] * 10, object)
    for arrays in ({"inputs": trap, "targets": TWO}, {"inputs": X, "targets": trap}):
        assert "has Python objects, which are never read" in refusal(write(**arrays))


def test_a_path_may_be_relative_or_begin_with_a_tilde(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(inputs=X, targets=TWO)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("my.npz", "./my.npz", "~/my.npz"):
        assert same_bits(read_archive(name).inputs, X)


# -- what is refused ----------------------------------------------------------------------------

CLASSES_OR_FLOATS = (
    "classes (whole numbers, truth values, words) or floats to predict are right"
)  # fmt: skip


def bad(array: Any, place: Any, value: float) -> Any:
    spoiled = np.array(array, np.float64)
    spoiled[place] = value
    return spoiled


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({}, 'no array "inputs"; there are no arrays at all; "inputs" and "targets" are needed'),
        (
            {"X": X, "y": TWO},
            'no array "inputs"; there are "X", "y"; "inputs" and "targets" are needed',
        ),
        (
            {"input": X, "targets": TWO},
            'no array "inputs"; there are "input", "targets"; should "input" be named "inputs"?',
        ),
        (
            {"inputs": X, "target": TWO},
            'no array "targets"; there are "inputs", "target"; should "target" be named "targets"?',
        ),
        (
            {"inputs": X},
            'no array "targets"; there is "inputs"; "inputs" and "targets" are needed',
        ),
        (
            {"targets": TWO} | {f"a{k}": TWO for k in range(1234)},
            'no array "inputs"; there are "targets", "a0", "a1", "a2", "a3", "a4", "a5", "a6", '
            '"a7", "a8" and 1,225 more; "inputs" and "targets" are needed',
        ),
    ],
)
def test_arrays_that_are_not_there(write: Write, arrays: dict[str, Any], sentence: str) -> None:
    assert refusal(write(**arrays)) == f"there is {sentence}"


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        (
            {"held_out_inputs": X},
            '"held_out_inputs", but none "held_out_targets"; both or neither are right',
        ),
        (
            {"held_out_targets": TWO},
            '"held_out_targets", but none "held_out_inputs"; both or neither are right',
        ),
        (
            {"held_out_inputs": X, "held_out_target": TWO},
            '"held_out_inputs", but none "held_out_targets"; both or neither are right; should '
            '"held_out_target" be named "held_out_targets"?',
        ),
        (
            {"heldout_inputs": X, "heldout_targets": TWO},
            '"heldout_inputs"; for rows to hold out "held_out_inputs" is the right name',
        ),
    ],
)
def test_half_of_the_held_out_rows_or_misnamed_ones(
    write: Write, arrays: dict[str, Any], sentence: str
) -> None:
    found = refusal(write(inputs=X, targets=TWO, **arrays))
    assert found == f"there is an array {sentence}"


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        (X.astype(complex), "has complex numbers; numbers are right"),
        (X.astype("M8[s]"), "has dates; numbers are right"),
        (X.astype("m8[s]"), "has spans of time; numbers are right"),
        (X.astype(str), "has words; numbers are right; for categories, a column of 0 and 1 each"),
        (
            X.astype(object),
            "has Python objects, which are never read; numbers are right: inputs.astype(float)",
        ),
        (np.zeros(10, [("a", float), ("b", object)]), "has records; numbers are right"),
        (np.zeros(10, "V8"), "has records; numbers are right"),
        (5.0, "has the shape (); (rows, features) is right"),
        (
            np.zeros((10, 8, 8)),
            "has the shape (10, 8, 8); (rows, features) is right: inputs.reshape(len(inputs), -1)",
        ),
        (
            np.zeros((10, *[1] * 31)),
            "has the shape of 32 dimensions; (rows, features) is right: "
            "inputs.reshape(len(inputs), -1)",
        ),
        (np.zeros((10, 0)), "has no columns; at least 1 is needed"),
        (np.zeros((10, 10_001), bool), "has 10,001 columns; at most 10,000 are read"),
        (X[:9], 'has 9 rows, but "targets" has 10; a target for each row is right'),
        (X[:0], 'has 0 rows, but "targets" has 10; a target for each row is right'),
        (
            bad(X, (3, 1), np.nan),
            "is nan in row 3, column 1 (counted from 0), but must be finite",
        ),
        (bad(X[:, 0], 9, -np.inf), "is -inf in row 9 (counted from 0), but must be finite"),
    ],
)
def test_bad_inputs(write: Write, inputs: Any, sentence: str) -> None:
    assert refusal(write(inputs=inputs, targets=TWO)) == f'array "inputs" {sentence}'


WHOLE_ROWS = "(rows,) is right, as whole numbers are classes, one in each row; numbers to predict "


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        (X.astype(complex), f"has complex numbers; {CLASSES_OR_FLOATS}"),
        (TWO.astype("M8[D]"), f"has dates; {CLASSES_OR_FLOATS}"),
        (
            np.array(["a", "b"] * 5, object),
            f"has Python objects, which are never read; {CLASSES_OR_FLOATS}: targets.astype(str)",
        ),
        (np.zeros(10, "i4, i4"), f"has records; {CLASSES_OR_FLOATS}"),
        (7, f"has the shape (); {WHOLE_ROWS}must be floats"),
        (TWO[:, None], f"has the shape (10, 1); {WHOLE_ROWS}must be floats"),
        (
            np.array(["a", "b"] * 5)[:, None],
            "has the shape (10, 1); (rows,) is right, as words are classes, one in each row",
        ),
        (0.5, "has the shape (); (rows,) or (rows, numbers) is right"),
        (
            np.zeros((10, 2, 2)),
            "has the shape (10, 2, 2); (rows,) or (rows, numbers) is right: "
            "targets.reshape(len(targets), -1)",
        ),
        (np.zeros((10, 0)), "has no columns; at least 1 is needed"),
        (
            TWO * 0 + 7,
            'is "7" in every row; a target must differ from row to row',
        ),
        (np.array(["a"] * 10), 'is "a" in every row; a target must differ from row to row'),
        (np.full(10, 0.5), "is 0.5 in every row; a target must differ from row to row"),
        (X * 0, "is the same in every row; a target must differ from row to row"),
        (
            np.arange(10),
            "has another whole number in every row; several rows of each class are needed; "
            "numbers to predict must be floats: targets.astype(float)",
        ),
        (
            np.array(list("abcdefghij")),
            "has another word in every row; several rows of each class are needed",
        ),
        (
            np.array(["a", "", "b", "", "a"] * 2),
            "is empty, or no text, in row 1 (counted from 0); the name of a class is right",
        ),
        (
            np.array(["a", "b", " \t", "b", "a"] * 2),
            "is empty, or no text, in row 2 (counted from 0); the name of a class is right",
        ),
        (
            np.array(["a", "b", "c", "\ud800", "a"] * 2),
            "is empty, or no text, in row 3 (counted from 0); the name of a class is right",
        ),
        (
            np.array([b"a", b"b", b"c", b"d", b"\xff"] * 2),
            "is empty, or no text, in row 4 (counted from 0); the name of a class is right",
        ),
        (
            np.array(["a", "b" * 1001] * 5),
            "has words of up to 1,001 characters; at most 1,000 are read",
        ),
        (bad(TWO, 4, np.inf), "is inf in row 4 (counted from 0), but must be finite"),
        (bad(X, (9, 2), np.nan), "is nan in row 9, column 2 (counted from 0), but must be finite"),
    ],
)
def test_bad_targets(write: Write, targets: Any, sentence: str) -> None:
    assert refusal(write(inputs=X, targets=targets)) == f'array "targets" {sentence}'


@pytest.mark.parametrize(
    ("held_out", "sentence"),
    [
        ((X[:0], TWO[:0]), '"held_out_inputs" has no rows; at least 1 is needed'),
        (
            (X[:3], TWO[:2]),
            '"held_out_inputs" has 3 rows, but "held_out_targets" has 2; a target for each row is '
            "right",
        ),
        (
            (X[:3, :2], TWO[:3]),
            '"held_out_inputs" has 2 columns, but "inputs" has 3; as many in both are right',
        ),
        (
            (X[:3], X[:3, 0]),
            '"held_out_targets" has floats, but "targets" has whole numbers; the same in both is '
            "right",
        ),
        (
            (X[:3], TWO[:3] == 1),
            '"held_out_targets" has truth values, but "targets" has whole numbers; the same in '
            "both is right",
        ),
        (
            (X[:3], np.array([0, 1, -4])),
            '"held_out_targets" is "-4" in row 2 (counted from 0), which is nowhere in "targets"; '
            "a class must be learned before it is asked for",
        ),
        (
            (bad(X[:3], (2, 0), np.nan), TWO[:3]),
            '"held_out_inputs" is nan in row 2, column 0 (counted from 0), but must be finite',
        ),
    ],
)
def test_bad_held_out_rows(write: Write, held_out: tuple[Any, Any], sentence: str) -> None:
    name = write(inputs=X, targets=TWO, held_out_inputs=held_out[0], held_out_targets=held_out[1])
    assert refusal(name) == f"array {sentence}"


def test_held_out_numbers_must_be_as_many_as_the_others(write: Write) -> None:
    name = write(inputs=X, targets=X, held_out_inputs=X[:3], held_out_targets=X[:3, :2])
    assert refusal(name) == (
        'array "held_out_targets" has 2 columns, but "targets" has 3; as many in both are right'
    )


def test_too_few_rows(write: Write) -> None:
    assert read_archive(write(inputs=X[:5], targets=TWO[:5])).inputs.shape == (5, 3)
    for rows, found in ((4, "only 4 rows"), (1, "only 1 row"), (0, "no rows")):
        name = write(inputs=X[:rows], targets=TWO[:rows])
        assert refusal(name) == f'array "inputs" has {found}; at least 5 are needed'


@pytest.mark.parametrize(("kind", "words"), [("i8", "whole numbers"), ("U3", "words")])
def test_too_many_classes(write: Write, kind: str, words: str) -> None:
    k = np.arange(202)
    hint = "; numbers to predict must be floats: targets.astype(float)" if kind == "i8" else ""
    assert refusal(write(inputs=k, targets=(k // 2).astype(kind))) == (
        f'array "targets" has 101 different {words}; at most 100 are taken as classes{hint}'
    )


def test_a_sentence_stays_one_short_line_whatever_the_names_are(write: Write) -> None:
    array = plain_array(X)
    for title in ("\x1b[2J\n", "inputs\n", "long" * 10_000, "../../inputs"):
        refusal(write(zipped({f"{title}.npy": array, "targets.npy": array})))


# -- what is too large --------------------------------------------------------------------------


def test_a_bomb_is_refused_by_what_its_directory_says(write: Write) -> None:
    zeros = plain_array(np.zeros((10, 4 * 2**20)))
    name = write(zipped({"inputs.npy": zeros, "targets.npy": plain_array(TWO)}))
    assert Path(name).stat().st_size < 2**20
    tracemalloc.start()
    try:
        assert refusal(name) == (
            'unpacked, "inputs", "targets" have 320 MiB; at most 256 MiB are read: take a part of '
            "them"
        )
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def lying(content: bytes, before: int, after: int) -> bytes:
    """An archive whose directory gives another size for what has `before` bytes unpacked."""
    told = content.replace(struct.pack("<I", before), struct.pack("<I", after))
    assert told != content
    return told


def test_a_bomb_whose_directory_lies_is_not_unpacked(write: Write) -> None:
    zeros = npy(head("'<f8'", "(10, 1000000)"), bytes(80_000_000))
    short = npy(head("'<f8'", "(10, 1000000)"), bytes(80))
    content = zipped({"inputs.npy": zeros, "targets.npy": plain_array(TWO)})
    # The same, but with a head that fits the lie: then only the checksum tells.
    fits = npy(head("'<f8'", "(10, 1)"), bytes(80_000_000))
    fitting = zipped({"inputs.npy": fits, "targets.npy": plain_array(TWO)})
    size = len(npy(head("'<f8'", "(10, 1)"), bytes(80)))
    for told in (lying(content, len(zeros), len(short)), lying(fitting, len(fits), size)):
        name = write(told)
        tracemalloc.start()
        try:
            assert refusal(name) == (
                'array "inputs" is damaged or cut off; save it anew with numpy.savez'
            )
            assert tracemalloc.get_traced_memory()[1] < 2**20
        finally:
            tracemalloc.stop()


def test_a_head_that_claims_more_than_there_is_takes_no_memory(write: Write) -> None:
    for shape in ("(1000000000000,)", "(10, 100000000000)", "(10, 4)"):
        claims = npy(head("'<f8'", shape), bytes(80))
        name = write(zipped({"inputs.npy": claims, "targets.npy": plain_array(TWO)}))
        assert refusal(name) == (
            'array "inputs" is damaged or cut off; save it anew with numpy.savez'
        )


def test_a_head_within_the_bounds_that_claims_more_than_there_is_takes_no_memory(
    write: Write,
) -> None:
    claims = npy(head("'<f8'", "(1000000, 30)"), bytes(80))
    targets = plain_array(np.zeros(10**6, bool))
    name = write(zipped({"inputs.npy": claims, "targets.npy": targets}))
    tracemalloc.start()
    try:
        assert refusal(name).startswith('array "inputs" is damaged or cut off')
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_more_than_the_head_claims_is_not_passed_over(write: Write) -> None:
    # Its checksum stands at the end, which would never be reached.
    longer = npy(head("'<f8'", "(10,)"), bytes(88))
    name = write(zipped({"inputs.npy": longer, "targets.npy": plain_array(TWO)}))
    assert refusal(name).startswith('array "inputs" is damaged or cut off')


def test_a_directory_without_end_is_not_read(write: Write) -> None:
    name = write(zipped({f"{k}{'x' * 60_000}": b"" for k in range(40)}))
    assert Path(name).stat().st_size > 4 * 2**20
    tracemalloc.start()
    try:
        assert refusal(name) == "the file is damaged or cut off; save it anew with numpy.savez"
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_10_gigabytes_are_refused_before_they_are_read(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = write(b"")
    os.truncate(name, 10 * 2**30)  # takes no room on the disk
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("it is opened"))
    assert refusal(name) == "it has 10,240 MiB; at most 200 MiB are read: take a part of it"


def test_as_many_rows_and_numbers_as_the_bounds_are_read(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_heads, "MOST_ROWS", 10)
    monkeypatch.setattr(archive_heads, "MOST_NUMBERS", 30)
    assert read_archive(write(inputs=X, targets=X)).inputs.shape == (10, 3)
    eleven = np.arange(11.0)
    assert refusal(write(inputs=eleven, targets=eleven)) == (
        'array "inputs" has 11 rows; at most 10 are read: take a part of it'
    )
    wide = np.zeros((8, 4))
    assert refusal(write(inputs=wide, targets=TWO[:8])) == (
        '"inputs" has 32 numbers; at most 30 are read: take a part of it'
    )
    assert refusal(write(inputs=X[:8], targets=wide)) == (
        '"targets" has 32 numbers; at most 30 are read: take a part of it'
    )
    held_out = {"held_out_inputs": X[:1], "held_out_targets": TWO[:1]}
    assert refusal(write(inputs=X, targets=TWO, **held_out)) == (
        '"inputs", "held_out_inputs" have 33 numbers; at most 30 are read: take a part of it'
    )


# -- what is no archive -------------------------------------------------------------------------

WRITES = 'numpy.savez("my.npz", inputs=..., targets=...) writes one'
DAMAGED = "the file is damaged or cut off; save it anew with numpy.savez"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", f"it is empty; {WRITES}"),
        (plain_array(X), f"it is a single array, as numpy.save writes it; {WRITES}"),
        (b"a,b,y\n1,2,3\n", f"it is no NPZ file; {WRITES}"),
        (pickle.dumps({"inputs": [1]}), f"it is no NPZ file; {WRITES}"),
        (b"P", f"it is no NPZ file; {WRITES}"),
        (b"PK", DAMAGED),
        (b"PK\3\4" + bytes(100), DAMAGED),
    ],
)
def test_other_files(write: Write, content: bytes, sentence: str) -> None:
    assert refusal(write(content)) == sentence


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_off_anywhere(write: Write, packed: bool) -> None:
    content = saved(packed, inputs=X, targets=TWO)
    for length in range(2, len(content), 7):
        assert refusal(write(content[:length])) == DAMAGED


@pytest.mark.parametrize("packed", [False, True])
def test_a_number_that_has_changed_is_seen(write: Write, packed: bool) -> None:
    content = bytearray(saved(packed, inputs=X, targets=TWO))
    info = zipfile.ZipFile(io.BytesIO(content)).getinfo("inputs.npy")
    content[info.header_offset + 70 + info.compress_size // 2] ^= 1
    assert refusal(write(bytes(content))) == (
        'array "inputs" is damaged or cut off; save it anew with numpy.savez'
    )


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_pack(write: Write, method: int) -> None:
    array = plain_array(X)
    assert refusal(write(zipped({"inputs.npy": array, "targets.npy": array}, method))) == (
        'array "inputs" is packed in another way than numpy.savez_compressed does it; save it '
        "anew with numpy.savez"
    )


def test_an_encrypted_array(write: Write) -> None:
    content = bytearray(saved(inputs=X, targets=TWO))
    for start in (b"PK\3\4", b"PK\1\2"):
        at = content.find(start)
        content[at + (6 if start == b"PK\3\4" else 8)] |= 1
    assert refusal(write(bytes(content))) == (
        'array "inputs" is encrypted; save it anew with numpy.savez'
    )


@pytest.mark.parametrize("name", ["folder.npz", "none.npz", "none/my.npz"])
def test_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.npz").mkdir()
    assert refusal(str(tmp_path / name)) == (
        'this is a directory; an NPZ file with the arrays "inputs" and "targets" is right'
        if name == "folder.npz"
        else "there is no such file; the path of an NPZ file is right"
    )


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    assert refusal(str(tmp_path / "pipe.npz")).startswith("this is a device or a pipe; an NPZ file")


def test_a_disk_that_fails_while_it_is_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    name = write(inputs=X, targets=TWO)

    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", fail)
        assert refusal(name) == "it cannot be read: input/output error"
    monkeypatch.setattr(zipfile.ZipExtFile, "read", fail)
    assert refusal(name) == "it cannot be read: input/output error"


# -- whatever is in it --------------------------------------------------------------------------

ODD_HEADS = [
    "", "{", "{}", "()", "'a'", "[]" * 9, "{[]: 1}", "-" * 2000 + "1", "(" * 2000, "\0" * 50,
    "a b\n  c\n d", "{'descr': '<f8'}", head("'<f8'", "(10,), 'more': 1"), head("'<f8'", "[10]"),
    head("'<f8'", "(10,)", "1"), head("'<f8'", "(10L,)"), head("'<f8'", "(-10,)"),
    head("'<f8'", "(-5, -2)"), head("'<f8'", "(10, True)"), head("'<f8'", "(True, 10)"),
    head("'<f8'", f"(0, {10**1500})"), head("'<f8'", f"({10**1500}, 0)"), head("'<f8'", "(2.5, 4)"),
    head("'<f8'", f"({'1, ' * 500}10)"), head("None", "(10,)"), head("'__import__'", "(10,)"),
    head("'|O'", "(10,)"), head("'f8, O'", "(5,)"), head("[('a', '<f8')]", "(10,)"),
    head("('<f8', (2,))", "(5,)"), head("'<U0'", "(10,)"), head("'|S0'", "(10,)"),
    head("'|V0'", "(10,)"), head("'<U2'", "(10,)"), head("'>U2'", "(10,)"), head("'|S8'", "(10,)"),
    head("'a8'", "(10,)"), head("'|T16'", "(5,)"), head("'<U2000000'", "(10,)"),
    head("'<f16'", "(5,)"), head("'<f2'", "(40,)"), head("'|b1'", "(80,)"), head("'>i8'", "(10,)"),
    head("'<M8[D]'", "(10,)"), head("'<c16'", "(5,)"),
]  # fmt: skip


@pytest.mark.parametrize("text", ODD_HEADS, ids=range(len(ODD_HEADS)))
def test_any_head_is_read_or_refused_in_a_sentence(write: Write, text: str) -> None:
    rng = np.random.default_rng(0)
    good = plain_array(np.arange(10.0))
    contents = (bytes(80), b"\xff" * 80, rng.bytes(80), b"\0\xd8\0\0a\0\0\0" * 10, b"")
    for title in ("inputs", "targets"):
        for content in contents:
            for version in (1, 2, 3):
                arrays = {"inputs.npy": good, "targets.npy": good}
                arrays[f"{title}.npy"] = npy(text, content, version)
                read_or_refuse(write(zipped(arrays)))


def test_true_is_no_length(write: Write) -> None:
    good = plain_array(np.arange(10.0))
    for shape in ("(10, True)", "(True, 10)"):
        array = npy(head("'<f8'", shape), bytes(80))
        found = refusal(write(zipped({"inputs.npy": array, "targets.npy": good})))
        assert found.startswith('array "inputs" is damaged or cut off')


def test_a_head_of_python_2_is_read_without_a_word(write: Write) -> None:
    array = npy(head("'<f8'", "(10L, 1L)"), np.arange(10.0).tobytes())
    table = read_archive(write(zipped({"inputs.npy": array, "targets.npy": plain_array(TWO)})))
    assert same_bits(table.inputs, np.arange(10.0)[:, None])


def test_numbers_beyond_float64_are_infinite(write: Write) -> None:
    wide = X.astype(np.longdouble)
    wide[4, 2] = np.longdouble("1e4000")
    assert refusal(write(inputs=wide, targets=TWO)) == (
        'array "inputs" is inf in row 4, column 2 (counted from 0), but must be finite'
    )


def test_a_directory_that_leads_before_the_beginning(write: Write) -> None:
    content = bytearray(saved(inputs=X, targets=TWO))
    content[-6:-2] = struct.pack("<I", struct.unpack("<I", content[-6:-2])[0] + 100)
    assert "damaged or cut off; save it anew" in refusal(write(bytes(content)))


def test_a_name_that_is_no_text(write: Write) -> None:
    content = bytearray(saved(inputs=X, targets=TWO))
    at = content.find(b"PK\1\2")
    content[at + 9] |= 8  # it says that the name is UTF-8
    content[at + 46] = 0xFF
    assert refusal(write(bytes(content))) == DAMAGED


def test_numbers_that_no_character_has_are_no_words(write: Write) -> None:
    words = (np.arange(20) % 2 * 0x7FFFFFFF + 65).astype("<u4").tobytes()
    for order in "<>":
        array = npy(head(f"'{order}U1'", "(20,)"), words)
        name = write(zipped({"inputs.npy": plain_array(np.arange(20.0)), "targets.npy": array}))
        assert 'array "targets" is empty, or no text, in row ' in refusal(name)


def test_any_bytes_are_read_or_refused_in_a_sentence(write: Write) -> None:
    rng = np.random.default_rng(0)
    held_out = {"held_out_inputs": X[:4], "held_out_targets": TWO[:4]}
    bases = [saved(packed, inputs=X, targets=TWO, **held_out) for packed in (False, True)]
    read = 0
    for _ in range(1500):
        content = bytearray(bases[rng.integers(2)])
        for _ in range(rng.integers(1, 4)):
            # The directory at the end is a small part, and the one with the most to go wrong.
            last = 600 if rng.integers(2) else len(content)
            at = len(content) - 1 - int(rng.integers(min(last, len(content))))
            match rng.integers(4):
                case 0:
                    content[at] ^= 1 << int(rng.integers(8))
                case 1:
                    content[at : at + 4] = struct.pack("<I", rng.choice([0, 1, 2**31, 2**32 - 1]))
                case 2:
                    del content[at : at + int(rng.integers(1, 50))]
                case 3:
                    content[at:at] = rng.bytes(int(rng.integers(1, 50)))
        read += read_or_refuse(write(bytes(content)))
    assert 10 < read < 500  # some changes do no harm, such as one to the date of an array


def read_or_refuse(name: str) -> bool:
    """Whether the file was read; anything else than one sentence or a good table fails."""
    try:
        table = read_archive(name)
    except InputError as error:
        (sentence,) = error.problems
        assert sentence.startswith(f"{name}: ")
        assert sentence.isprintable()
        assert len(sentence) < 600
        return False
    assert table.inputs.dtype == np.float64
    assert np.isfinite(table.inputs).all()
    assert len(table.inputs) == len(table.targets)
    assert all(word.encode() for word in table.classes)
    return True
