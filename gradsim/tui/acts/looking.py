"""Keys that change what is looked at: layers, charts, views."""

from dataclasses import replace
from typing import TYPE_CHECKING

from gradsim.tui.charts import looked_at
from gradsim.tui.desk import Desk
from gradsim.tui.keys import Key
from gradsim.tui.settings import no_rule
from gradsim.tui.views import ViewPane
from gradsim.view.frame import frame

if TYPE_CHECKING:
    # Lists, help and scenarios are loaded when they are opened: the first picture comes sooner.
    pass


class Looking(Desk):
    """Keys that change what is looked at: layers, charts, views."""

    def action_layer(self, way: int) -> None:
        """Select another layer; the head comes after the last."""
        head = self.session.places + 1
        before = self.selected
        self.layer = min(max(before + way, 1), head)
        same = self.layer == before
        self.driver.message = self.idle(f"layer({1 if way > 0 else -1})") if same else ""
        self._show()

    def action_select(self, layer: int) -> None:
        """Select a layer by its number."""
        self.layer = layer
        self._show()

    def action_level(self) -> None:
        """Look at the next recurrent layer, from the top one down."""
        levels = self.session.experiment.recurrent_layers
        self.level = ((self.level or levels) - 2) % levels + 1
        self.driver.message = f"recurrent layer {self.level} of {levels}"
        self._show()

    def action_chart(self, what: str) -> None:
        """Look at the charts of the flow in another way."""
        self.settings, said = looked_at(self.settings, what, frame(self.session, self._view()))
        self.say(said)

    def action_history(self) -> None:
        """Another chart of the history first."""
        self.settings = replace(self.settings, chart=self.settings.chart + 1)
        self._show()

    def action_view(self, name: str) -> None:
        """Bring a view on screen."""
        if name == self.settings.view:
            return
        before, after = self.panes.get(self.settings.view), self._pane(name)
        if before:
            before.left()
        self.settings = replace(
            self.settings,
            view=name,
            keys=self._keys_of(after),
            own_idle=after.idle if after else no_rule,
        )
        self.driver.message = ""
        self._arrange(*self.size)
        self.set_focus(after)
        if after:
            after.opened()

    def _keys_of(self, pane: ViewPane | None) -> tuple[Key, ...]:
        return self.keymap.now(pane.KEYS, pane.NAME) if pane else ()

    def action_next_view(self) -> None:
        """The view after the one on screen."""
        names = [tab.name for tab in self.settings.tabs]
        self.action_view(names[(names.index(self.settings.view) + 1) % len(names)])
