"""Keys in sentences: `⟨undo⟩` in a text stands for the key that undoes, whichever that is now."""

import re
from collections.abc import Callable
from typing import TypeAlias

_MARK = re.compile(r"⟨([a-z0-9.-]+)⟩")

Told: TypeAlias = Callable[[str], str]
"""Puts the keys of now into a text."""


def with_keys(text: str, key_of: Callable[[str], str]) -> str:
    """The text with the key in the place of each name of what it does."""
    return _MARK.sub(lambda mark: key_of(mark[1]), text) if "⟨" in text else text


def names_in(text: str) -> list[str]:
    """What is done by the keys that a text names."""
    return _MARK.findall(text)


def as_it_is(text: str) -> str:
    """A text where nobody knows the keys."""
    return text
