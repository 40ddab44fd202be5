"""The view "weight": what a gradient is, shown on a single weight that can be nudged."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import isfinite, prod
from typing import ClassVar, TypeAlias

from gradsim.insight.slope import WIDEN, differencing, fitting, nudging, outward
from gradsim.insight.study import Study, begin, reach
from gradsim.insight.weight import Probe, Weight
from gradsim.nn.arrays import Array
from gradsim.nn.network import LayerName
from gradsim.tui.keys import Key
from gradsim.tui.looking import costs_nothing
from gradsim.tui.presses import Press
from gradsim.tui.settings import Settings
from gradsim.tui.views.asking import AskingPane
from gradsim.tui.views.base import Host
from gradsim.view.frame import Frame
from gradsim.view.lines import Line
from gradsim.view.weight import columns, entry_at, page
from gradsim.view.weight_words import short

FIRST_NUDGE = 1e-3
SMALLEST_NUDGE, LARGEST_NUDGE = 1e-12, 1e6

MOST_ZOOM = 18
"""So many times the curve can be made narrower or wider: nine decades."""

Place: TypeAlias = tuple[int, int]
"""A run of the session, and a step of it."""


class WeightView(AskingPane):
    """One weight: its gradient, the loss over it, and what a nudge really does.

    A nudge is tried on a copy: the session never learns of it.
    """

    NAME: ClassVar[str] = "weight"
    TITLE: ClassVar[str] = "weight: what a gradient is"
    KEY: ClassVar[str] = "4"
    WAITING: ClassVar[str] = "the weight's gradient is being worked out …"
    ABOUT: ClassVar[str] = "one weight: its gradient, the loss over it, nudges (nothing is changed)"
    HIDES: ClassVar[frozenset[str]] = frozenset({"network", "verdict", "layer"})
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("plus,equals_sign", "+", "nudge(1)", "make the weight larger", "weight", "nudge"),
        Key("minus", "-", "nudge(-1)", "make the weight smaller", "weight"),
        Key("asterisk", "*", "size(1)", "nudge ten times as far", "weight", "10x"),
        Key("slash", "/", "size(-1)", "nudge a tenth as far", "weight"),
        Key("x", "x", "reset", "the weight and the curve as they were", "weight", "reset"),
        Key("z", "z", "zoom(-1)", "a narrower piece of the curve", "weight", "zoom"),
        Key("Z", "Z", "zoom(1)", "a wider piece of the curve", "weight"),
        Key("m", "m", "largest", "to the weight with the largest gradient", "weight", "largest"),
        Key("v", "v", "parameter(1)", "next parameter: weight, bias, scale ...", "weight", "next"),
        Key("V", "V", "parameter(-1)", "the parameter before", "weight"),
        Key("g", "g", "show_gradient", "map of the gradient, or of the weights", "weight"),
        Key("right", "→", "cursor(0, 1)", "the next input's weight", "weight"),
        Key("left", "←", "cursor(0, -1)", "the weight of the input before", "weight"),
        Key("down", "↓", "cursor(1, 0)", "the next unit's weight", "weight"),
        Key("up", "↑", "cursor(-1, 0)", "the weight of the unit before", "weight"),
        Key("shift+up", "shift ↑", "app.layer(1)", "select the next layer", "weight"),
        Key("shift+down", "shift ↓", "app.layer(-1)", "select the layer before", "weight"),
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._probe: Probe | None = None
        self._weight: Weight | None = None
        self._seen: Place | None = None
        """What the probe has looked at."""
        self._looking_at: Place | None = None
        """What the work at hand is still looking at."""
        self._work: Iterator[None] | None = None
        self._study: Study | None = None
        """What is on screen."""
        self._stride = FIRST_NUDGE
        self._nudge = 0.0
        self._zoom = 0
        self._fitted: float | None = None
        """The half width that suits the weight, before any zoom."""
        self._of_gradient = True
        self._changed = False

    # -- what is shown --------------------------------------------------------------------------

    def draw(self, frame: Frame, width: int, height: int, settings: Settings) -> Sequence[Line]:
        """Map and curve side by side, the words under them."""
        study, probe = self._study, self._probe
        if study is None or probe is None:
            return self._waiting(width, height)
        weight = study.weight
        what = "gradient" if self._of_gradient else weight.parameter
        array = self._shown(probe, weight)
        return page(study, array, what, self._stride, width, height, settings.markers)

    def _shown(self, probe: Probe, weight: Weight) -> Array:
        """What the map is of."""
        shown = probe.gradients if self._of_gradient else probe.values
        return shown(weight.layer, weight.parameter)

    def press(
        self, frame: Frame, width: int, height: int, settings: Settings, x: int, y: int
    ) -> Press | None:
        """A cell of the map selects its weight."""
        study, probe = self._study, self._probe
        if study is None or probe is None:
            return None
        found = entry_at(study, self._shown(probe, study.weight), width, height, x, y)
        if found is None:
            return None
        # The last index of all: a vector has no column.
        row, column = found if len(found) > 1 else (found[0], -1)
        return Press(f"pick('{study.weight.parameter}', {row}, {column})", own=True)

    # -- what is worked out ---------------------------------------------------------------------

    def tick(self, more: Callable[[], bool]) -> bool:
        """Go on with what is to be found out about the weight, op by op."""
        if not self._open:
            return False
        self._look_up()
        self._changed = False
        while self._work is not None and more():
            if next(self._work, self) is self:
                self._work = None
        return self._changed

    def _look_up(self) -> None:
        """Begin anew where the session or the selected layer is another by now."""
        session = self.host.driver.session
        here = (session.run.number, session.cursor.step)
        if self._looking_at is not None and self._looking_at != here:
            self._stop()
        if self._looking_at is None and here != self._seen and self._may_look():
            self._looking_at, self._nudge = here, 0.0
            self._work = self._looking(here)
        elif self._looking_at is None and self._weight and self._weight.layer != self._layer():
            self._select(None)

    def _may_look(self) -> bool:
        """Whether the session may be asked now, without disturbing what it is doing."""
        driver = self.host.driver
        if driver.busy:
            return False
        if driver.still or self._study is None:
            return True
        # What was begun is seen to its end.
        return self._work is None and costs_nothing(driver)

    def _looking(self, here: Place) -> Iterator[None]:
        """Look at the session, then at the weight."""
        session = self.host.driver.session
        yield from session.looking()
        if self._probe is None:
            self._probe = Probe(session)
        else:
            self._probe.look(session)
        self._seen, self._looking_at = here, None
        self._choose(self._weight)
        if self._study and self._study.weight != self._weight:
            self._study = None
        yield
        yield from self._finding_out()

    def _choose(self, weight: Weight | None) -> None:
        """Take this weight where the layer has one such, else that of its largest gradient."""
        assert self._probe is not None
        layer = self._layer()
        shapes = self._probe.parameters(layer)
        name = weight.parameter if weight and weight.parameter in shapes else "weight"
        fits = (
            weight is not None
            and weight.layer == layer
            and weight.parameter == name
            and all(i < n for i, n in zip(weight.index, shapes[name], strict=True))
        )
        self._weight = weight if fits else self._probe.largest(layer, name)
        self._fitted = None

    def _finding_out(self, known: Study | None = None) -> Iterator[None]:
        """All about the weight, the quickest first; of the same weight some is known already."""
        probe, weight = self._probe, self._weight
        assert probe is not None
        assert weight is not None
        playing = self.host.driver.playing
        study = known or begin(probe, weight)
        nudge = yield from nudging(probe, weight, self._nudge or self._stride)
        study = replace(study, nudge=nudge, nudged=self._nudge != 0.0)
        self._publish(study, playing)
        if self._fitted is None:
            self._fitted = yield from fitting(probe, weight)
        width = self._fitted * WIDEN**self._zoom
        if self._nudge:
            width = reach(width, self._nudge)
        if width != study.half_width:
            study = replace(study, half_width=width, points=())
            self._publish(study, playing)
        if study.slope is None:
            study = replace(study, slope=(yield from differencing(probe, weight)))
            self._publish(study, playing)
        asked = {value for value, _ in study.points}
        for value in outward(study.value, width) if isfinite(study.value) else ():
            if value not in asked:
                loss = yield from probe.loss_at(weight, value)
                study = replace(study, points=sorted((*study.points, (value, loss))))
                self._publish(study, playing)
        self._publish(study, hold=False)

    def _publish(self, study: Study, hold: bool) -> None:
        """Show what is known; while it plays only what is whole, so that nothing flickers."""
        if not hold or self._study is None:
            self._study, self._changed = study, True

    def _stop(self) -> None:
        """Leave the work at hand; it is begun again when it is wanted."""
        if self._work is not None:
            self._work = self._looking_at = self._seen = None

    def _layer(self) -> LayerName:
        selected = self.host.selected_layer
        layers = self.host.driver.session.experiment.hidden_layers
        return "output" if selected > layers else selected

    # -- keys -----------------------------------------------------------------------------------

    def action_nudge(self, way: int) -> None:
        """Make the weight larger or smaller by the size of a nudge, beside what was done before."""
        self._look_up()
        total = self._nudge + way * self._stride
        # Back and forth again is no nudge, whatever the last digits say.
        self._nudge = 0.0 if abs(total) < 1e-6 * self._stride else total
        self._again()

    def action_size(self, way: int) -> None:
        """Nudge ten times as far from now on, or a tenth as far."""
        size = float(f"{self._stride * 10.0**way:.0e}")
        if SMALLEST_NUDGE <= size <= LARGEST_NUDGE:
            self._stride = size
            self._again()
        else:
            end = "largest" if way > 0 else "smallest"
            self.host.say(f"{short(self._stride)} is the {end} nudge")

    def action_reset(self) -> None:
        """Put the weight back, and the curve to the width that suits it."""
        self._nudge, self._zoom = 0.0, 0
        self._again()

    def action_zoom(self, way: int) -> None:
        """A wider or narrower piece of the curve."""
        zoom = self._zoom + way
        if abs(zoom) > MOST_ZOOM:
            self.host.say("the curve goes no wider" if way > 0 else "the curve goes no narrower")
            return
        self._zoom = zoom
        self._again()

    def action_largest(self) -> None:
        """The weight with the largest gradient of this parameter."""
        self._look_up()
        if self._probe and self._weight:
            self._select(self._probe.largest(self._weight.layer, self._weight.parameter))

    def action_parameter(self, way: int) -> None:
        """Another parameter of the layer, at its largest gradient."""
        self._look_up()
        if self._probe and self._weight:
            layer, names = self._weight.layer, list(self._probe.parameters(self._weight.layer))
            name = names[(names.index(self._weight.parameter) + way) % len(names)]
            self._select(self._probe.largest(layer, name))

    def action_show_gradient(self) -> None:
        """The map of the gradient, or of the values."""
        self._of_gradient = not self._of_gradient
        self.host.redraw()

    def action_cursor(self, down: int, right: int) -> None:
        """Another entry of the same parameter."""
        self._look_up()
        if not (self._probe and self._weight):
            return
        weight = self._weight
        shape = self._probe.values(weight.layer, weight.parameter).shape
        wide = columns(shape)
        row, column = divmod(weight.index[0], wide) if len(shape) == 1 else weight.index
        row, column = row + down, column + right
        if 0 <= row < prod(shape) // wide and 0 <= column < wide:
            index = (row * wide + column,) if len(shape) == 1 else (row, column)
            self._select(replace(weight, index=index))
        else:
            self.host.say(
                "the map ends here: ⟨weight.layer⟩ and ⟨weight.layer-back⟩ select another layer"
            )

    def action_pick(self, parameter: str, row: int, column: int) -> None:
        """An entry of a parameter of the selected layer; a vector has no column, which is -1."""
        weight = Weight(self._layer(), parameter, (row,) if column < 0 else (row, column))
        self._look_up()
        if self._probe:
            self._select(weight)
        else:
            self._weight = weight  # it is looked at first

    def _select(self, weight: Weight | None) -> None:
        """Another weight; None is the one that its layer begins with."""
        self._nudge = 0.0
        if self._looking_at is None:
            self._choose(weight)
            self._work = self._finding_out()
        else:
            self._weight = weight
        self.host.redraw()

    def _again(self) -> None:
        """The same weight, with another nudge or another width."""
        if self._looking_at is None and self._study and self._study.weight == self._weight:
            self._work = self._finding_out(self._study)
        self.host.redraw()
