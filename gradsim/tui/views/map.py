"""The view "map": the phase diagram around the live experiment, measured in the background."""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from typing import ClassVar

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.insight.map.around import around, candidates, matters_at_start
from gradsim.insight.map.line import crossings
from gradsim.insight.map.order import Place
from gradsim.insight.map.plan import VALUES, Plan, plan
from gradsim.insight.map.survey import Survey
from gradsim.insight.workers import Workers
from gradsim.tui.keys import Key
from gradsim.tui.presses import Press
from gradsim.tui.settings import Settings
from gradsim.tui.switching import Turn, problem
from gradsim.tui.views.base import Host, ViewPane
from gradsim.view.frame import Frame
from gradsim.view.key_words import Told
from gradsim.view.lines import Line, fitted, wrapped_words
from gradsim.view.map import cell_at, draw, in_ascii, room
from gradsim.view.map_picture import Picture

MOST_COLUMNS, MOST_ROWS, FEWEST = 41, 28, 5
"""Values of an axis, at the most and at the least."""


class MapView(ViewPane):
    """One number over two knobs, with a crosshair at the live experiment and a cursor to go on."""

    NAME: ClassVar[str] = "map"
    TITLE: ClassVar[str] = "map: where gradients vanish and where they explode"
    KEY: ClassVar[str] = "9"
    ABOUT: ClassVar[str] = "where in the space of two knobs gradients vanish and explode"
    HIDES: ClassVar[frozenset[str]] = frozenset({"network", "layer"})
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("left", "←", "cursor(-1, 0)", "the cell to the left", "view"),
        Key("right", "→", "cursor(1, 0)", "the cell to the right", "view", "cell"),
        Key("up", "↑", "cursor(0, 1)", "the cell above", "view"),
        Key("down", "↓", "cursor(0, -1)", "the cell below", "view"),
        Key("enter", "enter", "go_there", "switch to the cell under the cursor", "view", "go"),
        Key("x", "x", "axis(0, 1)", "another knob across", "view", "across"),
        Key("X", "X", "axis(0, -1)", "the knob across before", "view"),
        Key("y", "y", "axis(1, 1)", "another knob upward", "view", "up"),
        Key("Y", "Y", "axis(1, -1)", "the knob upward before", "view"),
        Key("v", "v", "value(1)", "another number: slope, reach, loss, accuracy", "view", "value"),
        Key("V", "V", "value(-1)", "the number before", "view"),
        Key("m", "m", "measure", "stop; go on; anew around the experiment", "view", "anew"),
    )
    executor: ClassVar[Callable[[], Executor]] = lambda: Workers(gently=True)
    """Who measures; a worker for each core, which lets the screen go first."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.survey: Survey | None = None
        """The map on screen, as far as it is known."""
        self._axes = ["initializer-gain", "depth"]
        self._value = "slope"
        self._cursor: Place | None = None
        """None stands for the cell of the live experiment."""
        self._open = self._stopped = False
        self._why = ""
        """Why there is no map."""
        self._area = (0, 0)
        self._executor: Executor | None = None
        self._ends = ExitStack()
        self._drawn: tuple[Hashable, Sequence[Line]] = (None, ())

    # -- the picture ----------------------------------------------------------------------------

    def draw(self, frame: Frame, width: int, height: int, settings: Settings) -> Sequence[Line]:
        """The map, or why there is none."""
        self._area = width, height
        survey = self.survey
        if survey is None:
            words = settings.told(self._why) or "the map is about to be measured"
            lines = wrapped_words(words, "label", width)
            return (lines + [fitted([], width)] * height)[:height]
        live = self._live(survey.plan)
        key = (
            *(id(survey), len(survey.cells), live, self._cursor, self._stopped),
            *(width, height, settings.markers),
        )
        if key != self._drawn[0]:
            lines = draw(self._picture(survey, settings.told), width, height)
            self._drawn = key, in_ascii(lines) if settings.markers == "ascii" else lines
        return self._drawn[1]

    def _picture(self, survey: Survey, told: Told) -> Picture:
        found = survey.plan
        line = crossings(survey.factors(), found.x, found.y)
        cursor = self._cursor or self._nearest(found)
        return Picture(
            found, survey.cells, line, self._live(found), cursor, told(self._status(survey))
        )

    def press(
        self, frame: Frame, width: int, height: int, settings: Settings, x: int, y: int
    ) -> Press | None:
        """The cursor to a cell; a press on the cell under it switches to it."""
        if self.survey is None:
            return None
        picture = self._picture(self.survey, settings.told)
        place = cell_at(picture, width, height, x, y)
        if place is None:
            return None
        here = place == picture.cursor
        return Press("go_there" if here else f"pick{place}", own=True)

    def _status(self, survey: Survey) -> str:
        places = survey.plan.places
        count = f"{places} cells" if survey.done else f"{len(survey.cells)} of {places} cells"
        if None in self._live(survey.plan):
            count += ", the experiment is not on it: ⟨map.measure⟩ measures around it"
        elif self._stopped and not survey.done:
            count += ", stopped: ⟨map.measure⟩ goes on"
        return count

    def _live(self, found: Plan) -> tuple[float | None, float | None]:
        """Where the live experiment stands."""
        now = self.host.driver.experiment
        x, y = (axis.place(now.value(axis.knob)) for axis in (found.x, found.y))
        return x, y

    def _nearest(self, found: Plan) -> Place:
        """The cell nearest to the live experiment."""
        now = self.host.driver.experiment
        column, row = (
            min(range(len(axis.values)), key=lambda k: abs(axis.values[k] - now.value(axis.knob)))
            for axis in (found.x, found.y)
        )
        return column, row

    # -- measuring ------------------------------------------------------------------------------

    def opened(self) -> None:
        """From now on the map follows the experiment."""
        self._open = True

    def left(self) -> None:
        """What is being measured goes on; nothing new is begun."""
        self._open = False

    def close(self) -> None:
        """End the workers."""
        if self.survey:
            self.survey.cancel()
        self._ends.close()
        self._executor = None

    def tick(self, more: Callable[[], bool]) -> bool:
        """Take in what was measured; begin anew where the map is of another experiment."""
        changed = False
        if self._open and self._area[0] and not self._stopped and not self._same():
            self._begin()
            changed = True
        if self.survey is None or self._stopped or self.survey.done:
            return changed
        try:
            return bool(self.survey.poll()) or changed
        except InputError as error:
            self.close()
            self.survey, self._stopped, self._why = (
                None,
                True,
                f"{error.problems[0]}; ⟨map.measure⟩ begins anew",
            )
            return True

    def _same(self) -> bool:
        """Whether what is measured is still the map that is wanted."""
        if self.survey is None:
            return bool(self._why)
        found = self.survey.plan
        if (found.value, found.x.knob, found.y.knob) != (self._value, *self._axes):
            return False
        differing = found.base.differs(self.host.driver.experiment).keys() - set(self._axes)
        return not any(found.held_out or matters_at_start(name) for name in differing)

    def _begin(self) -> None:
        """Measure around the live experiment."""
        if self.survey:
            self.survey.cancel()
        self.survey, self._cursor, self._why = None, None, ""
        now = self.host.driver.experiment
        offered = self._offered(now)
        for index in (0, 1):
            if self._axes[index] not in offered:
                self._axes[index] = next(n for n in offered if n != self._axes[1 - index])
        columns, rows = self._grid()
        x, y = self._axes
        try:
            found = plan(now, around(now, x, columns), around(now, y, rows), self._value)
        except InputError as error:
            self._why = error.problems[0]
            return
        if self._executor is None:
            self._executor = self._ends.enter_context(type(self).executor())
        self.survey = Survey(found, self._executor)

    def _grid(self) -> tuple[int, int]:
        """How many values fit on the axes; fewer where each cell has to be trained."""
        across, down = room(*self._area)
        # So that none of the room is left over.
        columns = across // max(2, -(-across // MOST_COLUMNS))
        rows = down // -(-down // MOST_ROWS)
        if VALUES[self._value].steps:
            columns, rows = columns // 2, rows // 2
        return max(FEWEST, columns), max(FEWEST, rows)

    def _offered(self, experiment: Experiment) -> tuple[str, ...]:
        return candidates(experiment, VALUES[self._value].steps > 0)

    # -- keys -----------------------------------------------------------------------------------

    def action_cursor(self, columns: int, rows: int) -> None:
        """Another cell."""
        if self.survey is None:
            return
        found = self.survey.plan
        column, row = self._cursor or self._nearest(found)
        self._cursor = (
            min(max(column + columns, 0), len(found.x.values) - 1),
            min(max(row + rows, 0), len(found.y.values) - 1),
        )
        self.host.redraw()

    def action_pick(self, column: int, row: int) -> None:
        """A cell by its column and row."""
        self._cursor = column, row
        self.host.redraw()

    def action_go_there(self) -> None:
        """Switch the live experiment to the cell under the cursor."""
        if self.survey is None:
            return
        place = self._cursor or self._nearest(self.survey.plan)
        driver, changes = self.host.driver, self.survey.plan.changes(place)
        changes = {k: v for k, v in changes.items() if driver.experiment.value(k) != v}
        if not changes:
            self.host.say("this is the experiment itself: the arrows go to another cell")
        elif why := problem(driver.session, driver.experiment, changes):
            self.host.say(why)
        else:
            self._cursor = None
            self.host.take(Turn(changes))

    def action_axis(self, index: int, way: int) -> None:
        """Another knob on an axis; the other axis keeps its own."""
        now = self.host.driver.experiment
        offered = [name for name in self._offered(now) if name != self._axes[1 - index]]
        before = self._axes[index]
        here = offered.index(before) if before in offered else -way
        self._axes[index] = offered[(here + way) % len(offered)]
        self._anew(f"{self._axes[index]} {'across' if index == 0 else 'upward'}")

    def action_value(self, way: int) -> None:
        """Another number."""
        names = list(VALUES)
        self._value = names[(names.index(self._value) + way) % len(names)]
        self._anew(VALUES[self._value].about)

    def action_measure(self) -> None:
        """Stop; go on; or begin anew."""
        survey = self.survey
        if survey and not survey.done and not self._stopped:
            self._stopped = True
        elif survey and not survey.done and self._same():
            self._stopped = False
        else:
            self._anew("")
        self.host.redraw()

    def _anew(self, message: str) -> None:
        if self.survey:
            self.survey.cancel()
        self.survey, self._stopped, self._why = None, False, ""
        self.host.say(message)
