"""Numbers as they are shown: parts add up to what is shown of the whole."""

from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st

from gradsim.numbers import shared_out, signed

AMOUNTS = st.lists(st.floats(-20.0, 20.0), min_size=1, max_size=5)


def test_parts_add_up_to_the_shown_total() -> None:
    # Each alone would be +0.00 and -0.68, of a whole that is -0.67.
    parts = [0.0049, -0.6751]
    assert [signed(part) for part in parts] == ["+0.00", "-0.68"]
    assert [signed(part) for part in shared_out(-0.6702, parts)] == ["+0.01", "-0.68"]


@given(parts=AMOUNTS, digits=st.integers(0, 3))
def test_no_part_is_off_by_a_whole_unit(parts: list[float], digits: int) -> None:
    found = shared_out(sum(parts), parts, digits)
    unit = 10.0**-digits
    assert abs(sum(found) - round(sum(parts), digits)) < 0.01 * unit
    assert all(abs(a - b) < unit * 1.0001 for a, b in zip(found, parts, strict=True))


def test_what_is_not_the_whole_is_rounded_by_itself() -> None:
    assert shared_out(1.0, [0.123, 0.456]) == [0.12, 0.46]
    assert shared_out(-inf, [0.126, -inf]) == [0.13, -inf]
    assert str(shared_out(nan, [nan])) == "[nan]"
