"""Markdown of the pages that are made from the code: tables, and names as code."""

from collections.abc import Iterable, Sequence


def codes(names: Iterable[str]) -> str:
    """Names as code, with commas between them."""
    return ", ".join(code(str(name)) for name in names)


def code(text: str) -> str:
    """A text as code."""
    # A bar must not end the cell of a table, and a backtick not the code.
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a head."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )
