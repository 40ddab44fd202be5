"""The one error a user may see: a sentence that names what is wrong and what would be right."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class InputError(ValueError):
    """Bad input. `problems` holds a sentence each, with the file and the key it is about."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


def nearest(name: str, known: Iterable[str], listed: str = "") -> str:
    """`did you mean "depth"?` where a known name is close, else the list of known names.

    `listed` is what to say instead of a list too long for a sentence: who shows it.
    """
    names = list(known)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f'did you mean "{close[0]}"?'
    return listed or f"known are: {', '.join(names)}"
