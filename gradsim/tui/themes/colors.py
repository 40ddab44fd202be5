"""What can be done with a color: how bright it is, how it reads on a ground, its counterpart."""

from colorsys import hls_to_rgb, rgb_to_hls
from typing import TypeAlias

Rgb: TypeAlias = tuple[float, float, float]
"""Red, green and blue from 0 to 1."""

BLACK: Rgb = (0.0, 0.0, 0.0)
WHITE: Rgb = (1.0, 1.0, 1.0)

STEPS = 200
"""Steps of lightness in which a readable color is looked for."""


def parsed(text: str) -> Rgb:
    """`#ffa657` as a color."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red / 255, green / 255, blue / 255


def written(color: Rgb) -> str:
    """A color as `#ffa657`."""
    return "#" + "".join(f"{round(part * 255):02x}" for part in color)


def luminance(color: Rgb) -> float:
    """Relative luminance from 0 to 1 (WCAG 2.2, relative luminance)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """How well one reads on the other: (L1 + 0.05) / (L2 + 0.05), from 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lightness(color: Rgb) -> float:
    """The lightness of HLS, from 0 to 1."""
    return rgb_to_hls(*color)[1]


def turned(color: Rgb) -> Rgb:
    """The same hue with its lightness turned around: dark for light."""
    hue, light, saturation = rgb_to_hls(*color)
    return hls_to_rgb(hue, 1.0 - light, saturation)


def readable(color: Rgb, ground: Rgb, least: float) -> Rgb:
    """The nearest color of this hue that has at least this contrast on the ground.

    Where no lightness has it, black or white, whichever reads better.
    """
    hue, light, saturation = rgb_to_hls(*color)
    away = -1 if luminance(ground) > 0.18 else 1  # above: dark signs read better
    for step in range(STEPS + 1):
        tried = light + away * step / STEPS
        if not 0.0 <= tried <= 1.0:
            break
        found = parsed(written(hls_to_rgb(hue, tried, saturation)))
        if contrast(found, ground) >= least:
            return found
    return max(BLACK, WHITE, key=lambda ink: contrast(ink, ground))
