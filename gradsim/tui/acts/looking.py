"""Keys that change what is looked at: layers, charts, views."""

from dataclasses import replace
from typing import TYPE_CHECKING

from gradsim.tui.charts import looked_at
from gradsim.tui.desk import Desk
from gradsim.tui.keys import QUESTION_KEYS
from gradsim.tui.settings import no_rule
from gradsim.tui.views import ViewPane
from gradsim.view.frame import frame

if TYPE_CHECKING:
    # Lists, help and scenarios are loaded when they are opened: the first picture comes sooner.
    from gradsim.scenario.steps import Look


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
        self.settings = replace(self.settings, view=name, own_idle=after.idle if after else no_rule)
        self.driver.message = ""
        self._give_keys(after)
        self._arrange(*self.size)
        if after:
            after.opened()

    async def action_weigh(self, parameter: str, row: int, column: int) -> None:
        """Bring the view of weights on screen, with one of the selected layer."""
        self.action_view("weight")
        pane = self.panes["weight"]
        await self.run_action(f"pick('{parameter}', {row}, {column})", pane)

    def _give_keys(self, pane: ViewPane | None) -> None:
        """Keys go to the view on screen first; while a question is open, to that."""
        keys = self.keymap.now(pane.KEYS, pane.NAME) if pane else ()
        open_ = self._asked is not None and self._asked[0]
        if open_:
            asking = self.keymap.now(QUESTION_KEYS, "question")
            taken = {name for key in asking for name in key.keys.split(",")}
            keys = (*asking, *(key for key in keys if taken.isdisjoint(key.keys.split(","))))
        self.settings = replace(self.settings, keys=keys)
        self.set_focus(self._canvases["narration"] if open_ else pane)

    def follow(self) -> None:
        """Bring on screen what a lesson wants to be seen, and give its question keys and room."""
        playback = self.driver.playback
        if playback and (look := playback.look):
            playback.look = None
            self._look_at(look)
        now = playback is not None and playback.open, self._asked_lines()
        if now != self._asked:
            changed, self._asked = self._asked or (False, 0), now
            self._give_keys(self.panes.get(self.settings.view))
            if now[1] != changed[1]:
                self._arrange(*self.size)

    def _look_at(self, look: "Look") -> None:
        if look.view:
            said = self.driver.message
            self.action_view(look.view)
            self.driver.message = said  # nobody has pressed a key
        through_time = self.session.experiment.cell != "none"
        place = look.time if through_time and look.layer != "output" else look.layer
        if through_time and isinstance(look.layer, int):
            self.level = look.layer
        if place:
            self.layer = self.session.places + 1 if place == "output" else int(place)

    def action_choice(self, way: int) -> None:
        """Mark another choice of the question."""
        if self.driver.playback:
            self.driver.playback.choose(way)
            self._show()

    def action_answer(self, index: int) -> None:
        """Answer the question with this choice; a lesson that has none open goes on."""
        if self.driver.playback:
            self.driver.playback.pick(index)
            self.driver.go_on()
            self._soon()

    def action_next_view(self) -> None:
        """The view after the one on screen."""
        names = [tab.name for tab in self.settings.tabs]
        self.action_view(names[(names.index(self.settings.view) + 1) % len(names)])
