"""The size of the terminal that frames and recordings are made for."""

import re

from gradsim.errors import InputError

SMALLEST = (60, 18)
LARGEST = (400, 120)


def size(text: str, example: str) -> tuple[int, int]:
    """Columns and lines of `120x40`. Raises InputError, a sentence that ends with the example."""
    found = re.fullmatch(r"(\d{1,4})x(\d{1,4})", text.strip().lower(), re.ASCII)
    asked = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(low <= n <= high for low, n, high in zip(SMALLEST, asked, LARGEST, strict=True)):
        raise InputError(
            f'--size is "{text}", but must be WIDTHxHEIGHT from {SMALLEST[0]}x{SMALLEST[1]} '
            f"to {LARGEST[0]}x{LARGEST[1]}, such as {example}"
        )
    return asked
