"""What blocks, lines and braille are made of."""

import pytest

from gradsim.recording.shapes import BRAILLE, Patch, patches


def made_of(character: str) -> tuple[Patch, ...]:
    found = patches(character)
    assert found is not None
    return found


def area(character: str) -> float:
    return sum((p.right - p.left) * (p.bottom - p.top) * p.ink for p in made_of(character))


def test_letters_and_signs_are_written() -> None:
    for character in "aZ0 µ●◆▶×漢":
        assert patches(character) is None
    assert patches("") is None


def test_no_shape_leaves_its_cell() -> None:
    for number in (*range(0x2500, 0x25A0), *range(BRAILLE, BRAILLE + 256)):
        for patch in patches(chr(number)) or ():
            assert 0 <= patch.left < patch.right <= 1
            assert 0 <= patch.top < patch.bottom <= 1


def test_blocks_cover_what_their_names_say() -> None:
    assert [area(c) for c in "▁▂▃▄▅▆▇█"] == [n / 8 for n in range(1, 9)]
    assert [area(c) for c in "▏▎▍▌▋▊▉"] == [n / 8 for n in range(1, 8)]
    assert [area(c) for c in "░▒▓"] == [0.25, 0.5, 0.75]
    for one, rest in ("▘▟", "▝▙", "▖▜", "▗▛", "▚▞", "▀▄", "▌▐"):
        assert area(one) + area(rest) == 1
        assert not set(made_of(one)) & set(made_of(rest))


def test_a_braille_character_has_a_dot_for_each_bit() -> None:
    for bits in range(256):
        assert len(made_of(chr(BRAILLE + bits))) == bits.bit_count()


@pytest.mark.parametrize(("left", "right"), ["─┤", "├─", "╭─", "━━", "└┘", "┴┼"])
def test_lines_of_neighbors_meet(left: str, right: str) -> None:
    ends = {(p.top, p.bottom) for p in made_of(left) if p.right == 1}
    starts = {(p.top, p.bottom) for p in made_of(right) if p.left == 0}
    assert ends & starts
