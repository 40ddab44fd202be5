"""The keys as they are now: those of the tables, with the user's own in their place."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from gradsim.errors import nearest
from gradsim.scenario.words import plain
from gradsim.tui.binding import full_name, key_names, shown
from gradsim.tui.keys import (
    DIALOG_KEYS,
    KEYS,
    PALETTE_KEYS,
    PANEL_KEYS,
    QUESTION_KEYS,
    SETTING_KEYS,
    STOP_KEYS,
    Key,
)
from gradsim.tui.settings import FLOW, Tab
from gradsim.tui.views import VIEWS
from gradsim.view.key_words import with_keys

APP = ""
"""The name of the app's own table: its keys work in every view, unless that has them too."""

VIEW_KEYS: tuple[Key, ...] = (
    Key("1", "1", f"view('{FLOW}')", "the view it opens with", "views", called=f"open-{FLOW}"),
    *(
        Key(view.KEY, view.KEY, f"view('{view.NAME}')", view.ABOUT, "views",
            called=f"open-{view.NAME}")
        for view in VIEWS
    ),
)  # fmt: skip
"""Keys that open the views, in the order of the tabs."""


_TABLES: Mapping[str, tuple[Key, ...]] = {
    APP: (*KEYS, *VIEW_KEYS),
    "question": QUESTION_KEYS,
    "knob-list": PANEL_KEYS,
    "stop-list": STOP_KEYS,
    "command-list": PALETTE_KEYS,
    "setting-list": SETTING_KEYS,
    "dialog": DIALOG_KEYS,
}


@cache
def tables() -> Mapping[str, tuple[Key, ...]]:
    """Every table of keys by its name; within one a key does one thing. Loads all views."""
    return {**_TABLES, **{view.NAME: view.load().KEYS for view in VIEWS}}


@cache
def _table(name: str) -> Mapping[str, Key]:
    """One table by the full names of what its keys do. Loads no view but the one it is of."""
    keys = _TABLES.get(name, ())
    for view in VIEWS:
        if name == view.NAME:
            keys = view.load().KEYS
    return {full_name(name, key): key for key in keys}


@cache
def _names() -> Mapping[str, tuple[str, Key]]:
    return {full_name(table, key): (table, key) for table, keys in tables().items() for key in keys}


@dataclass(frozen=True, slots=True)
class Keymap:
    """Keys of the user's own, by the full name of what they do; all others are as they come."""

    own: Mapping[str, str] = field(default_factory=dict)

    def now(self, keys: Iterable[Key], table: str = APP) -> tuple[Key, ...]:
        """A table of keys as they are now."""
        return tuple(self._now(key, full_name(table, key)) for key in keys)

    def of(self, name: str) -> str:
        """The key that does this, as it is shown."""
        return self._now(_table(name.rpartition(".")[0])[name], name).shown

    def told(self, text: str) -> str:
        """A sentence with the keys of now, in the places of the names of what they do."""

        def key_of(name: str) -> str:
            known = name in _table(name.rpartition(".")[0])
            return self.of(name) if known else f"⟨{name}⟩"  # a text of somebody else's

        return with_keys(text, key_of)

    def tabs(self) -> tuple[Tab, ...]:
        """The views with their keys."""
        briefs = {view.NAME: view.BRIEF or view.NAME for view in VIEWS}
        names = [FLOW, *briefs]
        return tuple(
            Tab(key.shown, name, briefs.get(name, name))
            for name, key in zip(names, self.now(VIEW_KEYS), strict=True)
        )

    def _now(self, key: Key, name: str) -> Key:
        if "⟨" in key.about:
            key = replace(key, about=self.told(key.about))
        if name not in self.own:
            return key
        return replace(key, keys=self.own[name], shown=shown(self.own[name]))


def keymap(wanted: Mapping[str, str], called: str = "settings.toml") -> tuple[Keymap, list[str]]:
    """The keys that the settings ask for, and a sentence for each that cannot be had.

    Such a one stays as it comes. `called` is what the settings file is called.
    """
    own: dict[str, str] = {}
    problems = []
    for name, text in wanted.items():
        names = key_names(text)
        if name not in _names():
            hint = nearest(name, _names()) if _close(name) else "gradsim list keys names all"
            problems.append(f'{called}: keys: there is no "{plain(name)}"; {hint}')
        elif not names:
            right = "a key such as p, ctrl+p, f5 or left"
            problems.append(f'{called}: keys.{name} is "{plain(text)}", but must be {right}')
        else:
            own[name] = ",".join(names)
    # One that is taken back takes its old key again, which may be in the way of another one.
    while clash := next(_clashes(Keymap(own)), None):
        name, key, other = clash
        del own[name]
        problems.append(
            f'{called}: keys.{name} is "{shown(key)}", but that key is {other}: give {other} '
            "another one too"
        )
    return Keymap(own), problems


def _close(name: str) -> bool:
    return nearest(name, _names()).startswith("did")


def _clashes(keymap: Keymap) -> Iterator[tuple[str, str, str]]:
    """Each of the user's own keys that does another thing in a table where it would work.

    The later one in the file comes first: what is asked for first is had.
    """
    for name in reversed(list(keymap.own)):
        table, _ = _names()[name]
        # A key of the app's own must reach it in every view; a view's may stand before the app's.
        for other_table in (APP, *(view.NAME for view in VIEWS)) if table == APP else (table,):
            for key in keymap.now(tables()[other_table], other_table):
                other = full_name(other_table, key)
                same = set(key.keys.split(",")) & set(keymap.own[name].split(","))
                if other != name and same:
                    yield name, min(same), other
