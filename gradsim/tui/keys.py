"""Every key of the app, in one table: bindings, help and the foot line come from here."""

from dataclasses import dataclass

from gradsim.experiment.experiment import KNOBS


@dataclass(frozen=True, slots=True)
class Key:
    """A key (or several) with what it does; `brief` where it is shown at the foot."""

    keys: str
    shown: str
    action: str
    about: str
    group: str
    brief: str = ""
    called: str = ""
    """Its name, where that made of the action would not do."""

    @property
    def name(self) -> str:
        """What it does, as the settings file calls it: `play`, `move-op`, `move-op-back`."""
        if self.called:
            return self.called
        verb, _, inside = self.action.removeprefix("app.").partition("(")
        words = [word.strip(" '") for word in inside.rstrip(")").split(",") if word]
        if words and words[-1] == "1":
            del words[-1]
        back = (f"back{word.removesuffix('-1')}" if word[0] == "-" else word for word in words)
        return "-".join(word.replace("_", "-") for word in (verb, *back))


_NAMES = {"[": "left_square_bracket", "]": "right_square_bracket"}


def _knob_keys() -> list[Key]:
    out = []
    for name, knob in KNOBS.items():
        if knob.key:
            for key, way, word in ((knob.key, 1, "next"), (knob.back, -1, "previous")):
                about = f"{name}: {word}"
                if way == 1:
                    about += f" ({knob.effect})"
                out.append(
                    Key(_NAMES.get(key, key), key, f"knob('{name}', {way})", about, "switch")
                )
    return out


SCENARIO = "scenario"
"""The group of the keys with which one goes through a lesson."""

KEYS: tuple[Key, ...] = (
    Key("space", "space", "play", "play or pause", "move", "play"),
    Key("enter", "enter", "go_on", "next, or return after taking over", SCENARIO, "next"),
    Key("backspace", "bksp", "go_back", "back to what was said before", SCENARIO, "back"),
    Key("right", "→", "move('op', 1)", "one op forward", "move", "op"),
    Key("left", "←", "move('op', -1)", "one op back", "move"),
    Key("ctrl+right", "ctrl →", "move('layer', 1)", "one layer forward", "move"),
    Key("ctrl+left", "ctrl ←", "move('layer', -1)", "one layer back", "move"),
    Key("shift+right", "shift →", "move('phase', 1)", "one phase forward", "move", "phase"),
    Key("shift+left", "shift ←", "move('phase', -1)", "one phase back", "move"),
    Key("pagedown", "PgDn", "move('step', 1)", "one training step forward", "move", "step"),
    Key("pageup", "PgUp", "move('step', -1)", "one training step back", "move"),
    Key(
        "greater_than_sign",
        ">",
        "event(1)",
        "to the next switch, clip, verdict or NaN",
        "move",
    ),
    Key("less_than_sign", "<", "event(-1)", "to the event before", "move"),
    Key("plus,equals_sign", "+", "speed(1)", "faster", "move", "faster"),
    Key("minus", "-", "speed(-1)", "slower", "move"),
    Key("f", "f", "full_speed", "as fast as it goes, and back again", "move", "full speed"),
    Key("r", "r", "again", "again from step 0, exactly", "move", "again"),
    Key("R", "R", "reseed", "again from step 0 with a new seed", "move"),
    Key("b", "b", "stops", "what playback stops at: a list of conditions", "move"),
    Key("j", "j", "first_cause", "to where NaN or infinity began; there, all about it", "move"),
    Key("k", "k", "knobs", "every knob in a list, with help", "switch", "knobs"),
    Key("K", "K", "choices", "choices of the part switched last, with formulas", "switch"),
    *_knob_keys(),
    Key("u", "u", "undo", "undo the last switch; what came after it is kept", "switch", "undo"),
    Key("U", "U", "redo", "redo it", "switch"),
    Key("up", "↑", "layer(1)", "select the next layer", "look", called="select"),
    Key("down", "↓", "layer(-1)", "select the layer before", "look", called="select-back"),
    Key("v", "v", "level", "look at another recurrent layer", "look"),
    Key("h", "h", "history", "next chart of the history", "look"),
    Key("y", "y", "chart('linear')", "norms on a linear axis, or in decades", "look"),
    Key("x", "x", "chart('fixed')", "axes stay as they are, or follow the curves", "look"),
    Key("m", "m", "chart('sorted')", "layers by the size of their gradient, or in order", "look"),
    Key("z", "z", "chart('nearer')", "half as many layers, around the selected one", "look"),
    Key("Z", "Z", "chart('farther')", "twice as many layers", "look"),
    Key("p", "p", "pin", "pin the run: it goes on beside; or let go of it", "look", "pin"),
    Key(
        "escape",
        "esc",
        "view('flow')",
        "back to the view it opened with",
        "look",
        called="back-to-flow",
    ),
    Key("colon,ctrl+p", ":", "commands", "every command by its name", "look", "find"),
    Key("tab", "tab", "next_view", "the next view", "look", "views"),
    Key("ctrl+s", "ctrl s", "save", "keep this session under a name", "keep"),
    Key("ctrl+o", "ctrl o", "sessions", "open a session that was kept", "keep"),
    Key("ctrl+y", "ctrl y", "copy", "copy the command that computes this state", "keep"),
    Key("ctrl+e", "ctrl e", "export", "write the screen or its numbers into a file", "keep"),
    Key("T", "T", "turn_setting('theme')", "next theme: dark, light, contrast, ansi", "look"),
    Key("M", "M", "turn_setting('markers')", "next markers: braille, block, ascii", "look"),
    Key("comma", ",", "settings", "settings of the app: theme, markers, motion", "look"),
    Key("f1", "F1", "terms", "what is on this screen: its terms and formulas", "look"),
    Key("question_mark", "?", "help", "this help", "look", "help"),
    Key("q,ctrl+c,ctrl+q", "q", "quit", "quit", "look", "quit"),
)
"""All keys, in the order in which the help lists them."""

QUESTION_KEYS: tuple[Key, ...] = (
    Key("up", "↑", "app.choice(-1)", "the choice above", "question", "choose", "choice-above"),
    Key("down", "↓", "app.choice(1)", "the choice below", "question", called="choice-below"),
)
"""Keys of a question in a lesson; enter answers it."""

PANEL_KEYS: tuple[Key, ...] = (
    Key("left", "←", "neighbor(-1)", "the value before; above, the layer before", "panel"),
    Key("right", "→", "neighbor(1)", "the next value; above, the next layer", "panel"),
    Key("tab", "tab", "go_to_layer", "to the selected layer's own values, and back", "panel"),
    Key("x,delete", "x", "inherit", "take a layer's own value away", "panel"),
    Key("q,escape", "q", "back", "back; from the list, out of it", "panel"),
)
"""Keys of the panel of knobs; `enter` and the arrows up and down are those of any list."""

STOP_KEYS: tuple[Key, ...] = (
    Key("space", "space", "turn", "stop there, or no longer; enter does the same", "stops"),
    Key("x,delete", "x", "remove", "take a condition that was typed off the list", "stops"),
    Key("q,escape,b", "q", "back", "back", "stops"),
)
"""Keys of the list of what playback stops at."""

SETTING_KEYS: tuple[Key, ...] = (
    Key("left", "←", "neighbor(-1)", "the value before", "settings"),
    Key("right", "→", "neighbor(1)", "the next value; enter does the same", "settings"),
    Key("q,escape,comma", "q", "back", "back", "settings"),
)
"""Keys of the panel of settings."""

DIALOG_KEYS: tuple[Key, ...] = (Key("escape", "esc", "back", "back", "keep"),)
"""Keys of the dialogs about sessions and exports."""

PALETTE_KEYS: tuple[Key, ...] = (
    Key("down", "↓", "choose(1)", "the next command; enter does it", "palette"),
    Key("up", "↑", "choose(-1)", "the one before", "palette"),
    Key("pagedown", "PgDn", "page(1)", "a page on", "palette"),
    Key("pageup", "PgUp", "page(-1)", "a page back", "palette"),
    Key("escape", "esc", "back", "back", "palette"),
)
"""Keys of the list of commands; letters narrow it."""
