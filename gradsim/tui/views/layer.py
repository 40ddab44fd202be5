"""The view "layer": everything about the selected layer of the step shown, as pictures."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from gradsim.experiment.experiment import Experiment
from gradsim.insight.layer import Capture, LayerStudy, capture, studying
from gradsim.nn.network import LayerName
from gradsim.tui.keys import Key
from gradsim.tui.looking import costs_nothing
from gradsim.tui.presses import Press
from gradsim.tui.settings import Settings
from gradsim.tui.views.asking import AskingPane
from gradsim.tui.views.base import Host
from gradsim.view.frame import Frame
from gradsim.view.layer import layer, layout, turn_at, weight_at
from gradsim.view.lines import Line


@dataclass(frozen=True, slots=True)
class Place:
    """What is looked at: a layer of a network, at a step of a run."""

    run: int
    step: int
    experiment: Experiment
    layer: LayerName
    time: int | None


class LayerView(AskingPane):
    """The selected layer: its functions and what enters them, its arrays, weights, ledger line.

    All is copied from the network at once, and counted bit by bit, so that no key ever waits.
    """

    NAME: ClassVar[str] = "layer"
    TITLE: ClassVar[str] = "layer: everything about the selected one"
    KEY: ClassVar[str] = "2"
    WAITING: ClassVar[str] = "the layer's arrays are being counted …"
    ABOUT: ClassVar[str] = "the selected layer: saturation, distributions, weights, formula"
    HIDES: ClassVar[frozenset[str]] = frozenset({"network", "layer"})
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("m", "m", "page(1)", "the next page of pictures", "layer", "more"),
        Key("M", "M", "page(-1)", "the page before", "layer"),
        Key("g", "g", "scale", "gradients over their size, or their values", "layer", "log/linear"),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._study: LayerStudy | None = None
        """What is on screen."""
        self._seen: Place | None = None
        """The place that is on screen."""
        self._aim: Place | None = None
        """The place that is being looked at."""
        self._copying: Iterator[None] | None = None
        """The way to the copies of its arrays."""
        self._taken: Capture | None = None
        """The copies, as long as they are counted."""
        self._counting: Iterator[None] | None = None
        self._number = 0
        self._log = True
        self._drawn: tuple[Hashable, Sequence[Line]] = (None, ())

    # -- what is shown --------------------------------------------------------------------------

    def draw(self, frame: Frame, width: int, height: int, settings: Settings) -> Sequence[Line]:
        """The page of pictures; the same lines as long as nothing has changed."""
        if self._study is None:
            return self._waiting(width, height)
        waits = self.host.driver.still and self._seen != self._wanted()
        key = (id(self._study), self._number, self._log, width, height, settings.markers, waits)
        if key != self._drawn[0]:
            lines = layer(
                self._study, self._number, self._log, width, height, settings.markers, waits
            )
            self._drawn = key, lines
        return self._drawn[1]

    def press(
        self, frame: Frame, width: int, height: int, settings: Settings, x: int, y: int
    ) -> Press | None:
        """A cell of a map of weights leads to that weight in its own view.

        The arrows of the first line lead to other layers, its right end to the next page.
        """
        if self._study is None:
            return None
        if y == 0:
            count = len(layout(self._study, self._log, width, height - 1, settings.markers))
            layers, page = turn_at(self._study, self._number, count, width, x)
            if page:
                return Press("page(1)", "page(-1)", own=True)
            return Press(f"layer({layers})") if layers else None
        found = weight_at(
            self._study, self._number, self._log, width, height, settings.markers, x, y
        )
        return Press(f"weigh{found}") if found else None

    # -- what is worked out ---------------------------------------------------------------------

    def tick(self, more: Callable[[], bool]) -> bool:
        """Go on with copying and counting; True where there is another picture to be seen."""
        if not self._open:
            return False
        self._look_up()
        before = self._study
        while self._copying is not None and more():
            next(self._copying, None)
        if self._taken is not None and self._counting is None:
            self._counting = self._count(self._taken)
        while self._counting is not None and more():
            next(self._counting, None)
        return self._study is not before

    def _look_up(self) -> None:
        """Begin anew where another layer or another step is to be shown by now."""
        driver, wanted = self.host.driver, self._wanted()
        rushes = driver.playing and driver.fastest and not driver.follows_scenario
        if self._aim is not None and self._aim != wanted:
            another = (self._aim.layer, self._aim.time) != (wanted.layer, wanted.time)
            # While it plays, what has been copied is counted to its end: a step gone by.
            if another or driver.still or self._copying is not None:
                self._stop()
        if driver.between is not None and not rushes:
            self._stop()  # nobody will come to it
        if self._aim is not None or wanted == self._seen or driver.busy:
            return
        if rushes:
            # Only the driver can go where it is neither ahead of the run nor behind it.
            self._aim, driver.between = wanted, self._copy()
        elif driver.still or self._study is None or costs_nothing(driver):
            self._aim, self._copying = wanted, self._copy()

    def _wanted(self) -> Place:
        """The step shown: the one under way, or the one that was finished last.

        While it plays it is always the one at the cursor, so that the run makes no detour.
        """
        host, session = self.host, self.host.driver.session
        (step, op), run = session.cursor, session.run
        if op == 0 and step > 0 and host.driver.still:
            step -= 1
        experiment = run.experiment_at(step)
        recurrent = experiment.cell != "none"
        last = experiment.hidden_layers
        name: LayerName = "output" if host.selected_layer > last else host.selected_layer
        time = host.selected if recurrent and name != "output" else None
        return Place(run.number, step, experiment, name, time)

    def _copy(self) -> Iterator[None]:
        """Copy what there is of the layer, wherever the session stands when it comes to that."""
        place = self._aim = self._wanted()
        machine = yield from self.host.driver.session.going_to_gradients(place.step)
        if self._aim is place:
            self._taken = capture(machine, place.step, place.layer, place.time)
            self._copying = None

    def _count(self, taken: Capture) -> Iterator[None]:
        """Count what was copied, and show it."""
        self._study = yield from studying(taken)
        self._seen = self._aim
        self._stop()

    def _stop(self) -> None:
        """Leave what is being looked at."""
        self.host.driver.between = None
        self._aim = self._copying = self._counting = self._taken = None

    # -- keys -----------------------------------------------------------------------------------

    def action_page(self, way: int) -> None:
        """Another page of pictures."""
        self._number += way
        self.host.redraw()

    def action_scale(self) -> None:
        """Gradients over the decades of their size, or over their values."""
        self._log = not self._log
        kind = "the decades of their size" if self._log else "their values"
        self.host.say(f"gradients over {kind}")
