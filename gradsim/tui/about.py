"""What the panel says of a knob, in the lines there are for it."""

from rich.text import Text

from gradsim.experiment.experiment import DEFAULTS, KNOBS, Experiment, right
from gradsim.tui.places import Place
from gradsim.tui.switching import idle, shown
from gradsim.tui.theme import style
from gradsim.view.key_words import Told
from gradsim.view.lines import plain, wrapped_words

HELP_LINES = 4
"""Lines that the help of a knob may take with its choices."""

Block = tuple[str, str, int]
"""A text, its role, and the lines it may take."""


def about_knob(
    experiment: Experiment, knob: str, place: Place, said: str, width: int, height: int
) -> Text:
    """Help, choices and effect of a knob; before them what was just said, and why it is idle."""
    blocks: list[Block] = [(said, "message", 2)] if said else []
    if why := idle(experiment, knob, place):
        blocks.append((f"does nothing now: {why}", "message", 2))
    effect = f"switching it {KNOBS[knob].effect}"
    left = height - sum(len(_lines(text, width, most)) for text, _, most in (*blocks, _one(effect)))
    end = "... (enter lists all)" if KNOBS[knob].choices else "..."
    facts = f"{KNOBS[knob].help}; {right(knob)}"
    if DEFAULTS[knob] != "":
        # Before the choices: they are what is cut where there is no room for all.
        facts = f"{KNOBS[knob].help}; default {shown(DEFAULTS[knob])}; {right(knob)}"
    if left > 0:
        help_lines = _lines(facts, width, min(left, HELP_LINES), end)
        blocks.append(("\n".join(help_lines), "text", HELP_LINES))
    blocks.append(_one(effect))
    return _text(blocks, width, height)


def about_choice(knob: str, choice: str, width: int, height: int) -> Text:
    """A choice with its whole formula, and what switching to it does."""
    formula = KNOBS[knob].choices.get(choice, KNOBS[knob].also_words)
    effect = _one(f"switching it {KNOBS[knob].effect}")
    return _text([(f"{choice}: {formula}", "text", HELP_LINES - 1), effect], width, height)


def about_place(experiment: Experiment, said: str, width: int, height: int, told: Told) -> Text:
    """What the first row is for."""
    help_text = (
        "where values are set: in all layers, in one "
        f"(1 to {experiment.hidden_layers}), in a range "
        "(3-5) or in the head (output); ⟨knob-list.neighbor-back⟩ and "
        "⟨knob-list.neighbor⟩ go through them, enter types one; "
        "a layer without a value of its own has that of all layers"
    )
    return _text([(said, "message", 2), (told(help_text), "text", HELP_LINES)], width, height)


def _one(text: str) -> Block:
    return (text, "label", 2)


def _lines(text: str, width: int, most: int, end: str = "...") -> list[str]:
    """A text in at most so many lines; where it is cut, `end` stands at its end."""
    words = text.split()
    rows = _wrapped(text, width)
    while len(rows) > most and words:
        words.pop()
        rows = _wrapped(f"{' '.join(words).rstrip(',;')} {end}", width)
    return rows


def _wrapped(text: str, width: int) -> list[str]:
    rows = wrapped_words(text, "", max(1, width)) if text else []
    return plain(rows).splitlines()


def _text(blocks: list[Block], width: int, height: int) -> Text:
    text, left = Text(), height
    for block, role, most in blocks:
        rows = [row for part in block.split("\n") for row in _lines(part, width, most)][:left]
        left -= len(rows)
        for row in rows:
            text.append(f"{row.rstrip()}\n", style(role))
    text.rstrip()
    return text
