"""The views of the app, beside the one it opens with. A new one is a class and a line here."""

from importlib import import_module
from typing import NamedTuple

from gradsim.tui.views.base import Host, ViewPane


class Entry(NamedTuple):
    """What the tabs need to know of a view before it is loaded; its class says the same."""

    KEY: str
    NAME: str
    ABOUT: str
    place: str
    """Its module in this folder, and its class."""
    BRIEF: str = ""

    def load(self) -> type[ViewPane]:
        """Its class. A view that nobody opens costs nothing at the start of the app."""
        module, _, name = self.place.partition(":")
        found: type[ViewPane] = getattr(import_module(f"{__name__}.{module}"), name)
        return found


VIEWS: tuple[Entry, ...] = (
    Entry(
        "2", "layer", "the selected layer: saturation, distributions, weights, formula",
        "layer:LayerView",
    ),
    Entry(
        "3", "why", "which part of which layer takes from the gradient, or adds to it",
        "why:WhyView",
    ),
    Entry(
        "4", "weight", "one weight: its gradient, the loss over it, nudges (nothing is changed)",
        "weight:WeightView",
    ),
    Entry(
        "5", "waterfall", "gradients of every layer at every training step, in decades",
        "waterfall:WaterfallView", "falls",
    ),
    Entry(
        "6", "compare", "the pinned run beside the live one: same seed, same batches, same step",
        "compare:CompareView",
    ),
    Entry(
        "7", "data", "the data with the network's answers at the step shown: right and wrong",
        "data:DataView",
    ),
    Entry(
        "8", "remedies", "changes that may help, really tried in the background, the best first",
        "remedies:RemediesView", "remedy",
    ),
    Entry(
        "9", "map", "where in the space of two knobs gradients vanish and explode",
        "map:MapView",
    ),
    Entry(
        "0", "lessons", "lessons to play here; your own session waits meanwhile",
        "lessons:LessonsView", "learn",
    ),
)  # fmt: skip
"""Every view, in the order of the tabs."""

__all__ = ["VIEWS", "Entry", "Host", "ViewPane"]
