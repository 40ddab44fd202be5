"""Colors: readable for every eye that reads, and still told apart on a terminal of 16 colors."""

import pytest
from rich.color import Color, ColorSystem

from gradsim.tui.theme import DARK, STYLES

ONLY_CURVES = {"previous"}
"""Roles that no text bears."""


def luminance(color: Color) -> float:
    """Relative luminance as WCAG 2 has it."""
    assert color.triplet is not None
    parts = [value / 255 for value in color.triplet]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("role", sorted(set(STYLES) - ONLY_CURVES))
@pytest.mark.parametrize("ground", ["background", "panel"])
def test_text_has_a_contrast_of_at_least_four_and_a_half(role: str, ground: str) -> None:
    style = STYLES[role]
    assert style.color is not None
    behind = style.bgcolor or Color.parse(getattr(DARK, ground))
    low, high = sorted((luminance(style.color), luminance(behind)))
    assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize(
    "together",
    [
        ("live", "second", "ghost", "threshold"),
        ("forward", "live", "wave"),
        ("vanishing", "exploding", "healthy", "dead"),
        ("key", "label", "value", "title"),
    ],
)
def test_what_stands_together_differs_in_sixteen_colors(together: tuple[str, ...]) -> None:
    seen = []
    for role in together:
        style = STYLES[role]
        shown = style.bgcolor or style.color
        assert shown is not None
        seen.append(shown.downgrade(ColorSystem.STANDARD).number)
    assert len(set(seen)) == len(together)
