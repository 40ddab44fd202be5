"""Commands: everything that can be done, under a name like "activation: relu", to be searched.

They are made from the tables of keys, the views and the declared knobs, so that none is missing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual.fuzzy import Matcher

from gradsim.experiment.experiment import KNOBS
from gradsim.tui.keymap import Keymap
from gradsim.tui.keys import KEYS, Key
from gradsim.tui.settings import FLOW
from gradsim.tui.views import VIEWS

NAMES: dict[str, str] = {
    "play": "playback: play or pause",
    "go_on": "scenario: next",
    "go_back": "scenario: back",
    "move('op', 1)": "op: forward",
    "move('op', -1)": "op: back",
    "move('layer', 1)": "layer: forward",
    "move('layer', -1)": "layer: back",
    "move('phase', 1)": "phase: forward",
    "move('phase', -1)": "phase: back",
    "move('step', 1)": "step: forward",
    "move('step', -1)": "step: back",
    "event(1)": "event: next",
    "event(-1)": "event: previous",
    "speed(1)": "playback: faster",
    "speed(-1)": "playback: slower",
    "full_speed": "playback: full speed",
    "again": "session: again from step 0",
    "reseed": "session: again with a new seed",
    "stops": "playback: stop at",
    "first_cause": "not finite: where it began",
    "knobs": "knobs: list",
    "choices": "switch: its choices with their formulas",
    "undo": "switch: undo",
    "redo": "switch: redo",
    "layer(1)": "layer: select the next",
    "layer(-1)": "layer: select the one before",
    "level": "recurrent layer: another",
    "history": "history: next chart",
    "chart('linear')": "charts: linear or decades",
    "chart('fixed')": "charts: fix or follow the axes",
    "chart('sorted')": "profile: sort by size",
    "chart('nearer')": "profile: nearer",
    "chart('farther')": "profile: farther",
    "turn_setting('theme')": "theme: next",
    "turn_setting('markers')": "markers: next",
    "pin": "profile: pin or let go",
    f"view('{FLOW}')": f"view: {FLOW}",
    "next_view": "view: next",
    "settings": "settings: change",
    "terms": "help: what is on this screen",
    "help": "help: keys",
    "quit": "app: quit",
}
"""Names of the app's actions as noun and verb; one without is called as the help has it."""

HIDDEN = frozenset({"commands"})
"""Actions that make no sense in the list of them."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be done: its name, its key if it has one, a line on it, the action."""

    name: str
    key: str
    about: str
    action: str
    view: str = ""
    """The view whose own action it is; nothing where it is the app's."""


def commands(keymap: Keymap | None = None) -> list[Command]:
    """Every command: views, the app's keys, what a knob can be, the views' own keys.

    `keymap` says which keys there are now.
    """
    keys = keymap or Keymap()
    out = [
        Command(f"view: {v.NAME}", keys.of(f"open-{v.NAME}"), v.ABOUT, f"view('{v.NAME}')")
        for v in VIEWS
    ]
    out += [
        Command(_name(key), key.shown, key.about, key.action)
        for key in keys.now(KEYS)
        if key.action not in HIDDEN
    ]
    for name, knob in KNOBS.items():
        out += [
            Command(f"{name}: {choice}", "", formula, f"set('{name}', '{choice}')")
            for choice, formula in knob.choices.items()
        ]
        verb = "choose, with formulas" if knob.choices else "type a value"
        out.append(Command(f"{name}: {verb}", "", knob.help, f"choose('{name}')"))
    for view in (entry.load() for entry in VIEWS):
        out += [
            Command(f"{view.NAME}: {key.about}", key.shown, view.TITLE, key.action, view.NAME)
            for key in keys.now(view.KEYS, view.NAME)
        ]
    return out


def found(query: str, among: Iterable[Command]) -> list[Command]:
    """Those that a query fits, letters in its order, the best first; all for an empty one."""
    query = query.strip()
    if not query:
        return list(among)
    matcher = Matcher(query)
    scored = [(_score(query.lower(), matcher, command), command) for command in among]
    return [command for score, command in sorted(scored, key=lambda pair: -pair[0]) if score > 0]


def _score(query: str, matcher: Matcher, command: Command) -> float:
    # A word of the line on it counts less than any fit of the name.
    fit: float = matcher.match(command.name)
    return fit if fit > 0 else 1e-3 * (query in command.about.lower())


def _name(key: Key) -> str:
    if key.action in NAMES:
        return NAMES[key.action]
    if key.action.startswith("knob("):
        return key.about.partition(" (")[0]
    return f"{key.group}: {key.about}"


IdleOf = Callable[[Command], str]
"""Why a command makes no sense now, in a sentence; or nothing."""
