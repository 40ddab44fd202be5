"""What is wrong with given settings, in sentences that say what would be right."""

from typing import Any

from pydantic import ValidationError

from gradsim.errors import nearest
from gradsim.experiment.catalog import KNOBS, right


def _shown(found: Any) -> str:
    if isinstance(found, int) and abs(found) >= 10**40:
        return "a number of more than 40 digits"
    text = f'"{found}"' if isinstance(found, str) else f"{found}".lower()
    return text if len(text) <= 80 else f"{text[:76]}..."


def sentences(error: ValidationError, where: str) -> list[str]:
    """A sentence for each knob that pydantic found wrong; `where` begins each."""
    lead = f"{where}: " if where else ""
    sentences = []
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0])
        if problem["type"] == "extra_forbidden":
            sentences.append(f'{lead}there is no knob "{name}"; {nearest(name, KNOBS)}')
            continue
        found = problem["input"]
        shown = _shown(found)
        hint = ""
        if KNOBS[name].choices and isinstance(found, str):
            close = nearest(found, KNOBS[name].choices)
            hint = f"; {close}" if close.startswith("did") else ""
        sentences.append(f"{lead}{name} is {shown}, but must be {right(name)}{hint}")
    return sentences
