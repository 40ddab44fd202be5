"""The view "lessons": the scenarios on the shelf, to be played in the app."""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from gradsim.errors import InputError
from gradsim.keeping.folders import progress_file
from gradsim.keeping.progress import Standing, read
from gradsim.scenario import shelf
from gradsim.scenario.claims import claims
from gradsim.scenario.format import Scenario
from gradsim.tui.keys import Key
from gradsim.tui.presses import Press
from gradsim.tui.settings import Settings
from gradsim.tui.views.base import Host, ViewPane
from gradsim.view.frame import Frame
from gradsim.view.lessons import Lesson, lesson_at, lessons
from gradsim.view.lines import Line


class LessonsView(ViewPane):
    """A list of lessons, where one stands in each, what was claimed and whether it held."""

    NAME: ClassVar[str] = "lessons"
    TITLE: ClassVar[str] = "lessons: seen, switched, measured"
    KEY: ClassVar[str] = "0"
    BRIEF: ClassVar[str] = "learn"
    ABOUT: ClassVar[str] = "lessons to play here; your own session waits meanwhile"
    HIDES: ClassVar[frozenset[str]] = frozenset({"network", "verdict", "layer"})
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("up", "↑", "choose(-1)", "the lesson before", "lessons"),
        Key("down", "↓", "choose(1)", "the next lesson", "lessons"),
        Key("enter", "enter", "begin", "play it; one begun just now goes on", "lessons", "play it"),
        Key("c", "c", "resume", "go on where it was left at another time", "lessons", "go on"),
        Key("x", "x", "leave", "leave the lesson, back to your session", "lessons", "leave"),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._shelf: list[Scenario] = []
        self._reading: Iterator[str] | None = None
        self._known: dict[str, Standing] = {}
        self._chosen = 0
        self._halted = False
        """Whether a lesson waits meanwhile: what it shows next would take the list away."""
        self._wanted = ""
        """The name of the lesson to be chosen as soon as it has been read."""

    def draw(self, frame: Frame, width: int, height: int, settings: Settings) -> Sequence[Line]:
        """The list, and the chosen one in full."""
        return lessons(self._listed(), self._chosen, width, height)

    def opened(self) -> None:
        """Read the shelf, once; choose the lesson on screen or, where it is over, the next one."""
        self._known = read(progress_file())
        driver = self.host.driver
        if driver.follows_scenario and driver.playing:
            self._halted, driver.playing = True, False
        names = shelf.lessons()
        if self._reading is None:
            self._reading = iter(names)
        playback = driver.playback
        if playback and (name := playback.player.scenario.name) in names:
            over = driver.concluded
            self._wanted = names[min(names.index(name) + over, len(names) - 1)]
            self._choose_wanted()

    def left(self) -> None:
        """A lesson that has waited goes on."""
        if self._halted:
            self._halted, self.host.driver.playing = False, True

    def tick(self, more: Callable[[], bool]) -> bool:
        """Read on, a file at a time."""
        name = next(self._reading, None) if self._reading else None
        if name is None:
            return False
        try:
            self._shelf.append(shelf.find(name))
            self._choose_wanted()
        except InputError as error:
            self.host.say(error.problems[0])
        return True

    def _choose_wanted(self) -> None:
        found = [k for k, scenario in enumerate(self._shelf) if scenario.name == self._wanted]
        if found:
            self._chosen, self._wanted = found[0], ""

    def _left_at(self) -> int:
        """Steps of the chosen lesson that were done at another time; 0 where there is no way on."""
        if not self._shelf:
            return 0
        scenario = self._shelf[self._chosen]
        known = self._known.get(scenario.name)
        driver = self.host.lessons.of(scenario.name, self.host.driver)
        done = driver.playback.player.index if driver and driver.playback else 0
        before = known.left_at(len(scenario.steps)) if known else 0
        return before if before > done else 0

    def idle(self, action: str) -> str:
        """Leaving needs a session to go back to, going on a lesson that was begun before."""
        if action == "resume" and not self._left_at():
            return "it was not left halfway at another time: ⟨lessons.begin⟩ plays it"
        if action == "leave" and self.host.lessons.own is None:
            return "no lesson has been opened from here: there is nothing to leave"
        return ""

    def press(
        self, frame: Frame, width: int, height: int, settings: Settings, x: int, y: int
    ) -> Press | None:
        """A press chooses a lesson; on the chosen one it plays it."""
        index = lesson_at(self._listed(), self._chosen, height, y) if self._shelf else None
        if index is None:
            return None
        return Press("begin" if index == self._chosen else f"pick({index})", own=True)

    def action_choose(self, way: int) -> None:
        """Another lesson."""
        self.action_pick(min(max(self._chosen + way, 0), max(len(self._shelf) - 1, 0)))

    def action_pick(self, index: int) -> None:
        """A lesson by its place in the list."""
        self._chosen, self._wanted = index, ""
        self.host.redraw()

    def action_begin(self) -> None:
        """Play the chosen one."""
        if self._shelf:
            self.host.play_lesson(self._shelf[self._chosen])

    def action_resume(self) -> None:
        """Play the chosen one from where it was left at another time."""
        self.host.play_lesson(self._shelf[self._chosen], self._left_at())

    def action_leave(self) -> None:
        """Back to the user's own session."""
        self.host.leave_lesson()

    def _listed(self) -> list[Lesson]:
        return [self._lesson(scenario) for scenario in self._shelf]

    def _lesson(self, scenario: Scenario) -> Lesson:
        now = self.host.driver
        driver = self.host.lessons.of(scenario.name, now)
        playback = driver.playback if driver else None
        return Lesson(
            title=scenario.title,
            about=scenario.about,
            source=scenario.source,
            steps=len(scenario.steps),
            done=playback.player.index if playback else None,
            here=driver is now and playback is not None,
            before=known.words if (known := self._known.get(scenario.name)) else "",
            claims=claims(scenario, playback.player.results if playback else ()),
        )
