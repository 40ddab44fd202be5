"""Signs for terminals and fonts that have only ASCII: for every other sign one of the same size.

What is drawn by shape (curves, heat maps, parts of a bar) is drawn in ASCII where it is made; this
is for all that is left: borders, bars, arrows, signs in words.
"""

import re
import unicodedata
from functools import lru_cache

_PLAIN = {
    "▁▂▃▄▅▆▇": "._-=+*%",
    "█▌▐▏▕▎▍▋▊▉▀▔": '#||||||###""',
    "░▒▓": ":+#",
    "·•●○◆◇▪▫■□◌": ".oOo*o#o#oo",
    "→←↑↓▶◀▸◂▲▼▴▾►◄": "><^v><><^v^v><",
    "─━═╌┄┈╴╶╸╺": "--=-------",
    "│┃║╎┆┊╵╷╹╻▞": "||||||||||/",
    "−–—×÷±≤≥≠≈≡√∞": "---x/~<>#~=V!",
    "…°′″✓✗✔✘❚▭": "~o'\"+x+x|=",
    "“”‘’": "\"\"''",
}
_SIGNS = {
    sign: plain for some, all_ in _PLAIN.items() for sign, plain in zip(some, all_, strict=True)
}

_BOX, _BRAILLE = range(0x2500, 0x2580), range(0x2800, 0x2900)


_WIDE = (
    (re.compile(r"∞  (?= |$)"), "inf"),
    (re.compile(r"(?<= )  (-?)∞"), r"\1inf"),
)
"""Infinity where two blanks beside it leave room for its name; elsewhere it is `!`."""


@lru_cache(maxsize=4096)
def in_ascii(text: str) -> str:
    """The text with every sign that is not ASCII as one that is; as long as it was."""
    if text.isascii():
        return text
    for place, name in _WIDE if "∞" in text else ():
        text = place.sub(name, text)
    return "".join(map(_plain, text))


def _plain(sign: str) -> str:
    if sign.isascii():
        return sign
    if sign in _SIGNS:
        return _SIGNS[sign]
    if ord(sign) in _BOX:
        return "+"
    if ord(sign) in _BRAILLE:
        return " " if ord(sign) == _BRAILLE.start else "."
    base = unicodedata.normalize("NFKD", sign)[0]
    return base if base.isascii() and base.isprintable() else "*"
