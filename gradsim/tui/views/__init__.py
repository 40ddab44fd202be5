"""The views of the app, beside the one it opens with. A new one is a class and a line here."""

from gradsim.tui.views.base import Host, ViewPane
from gradsim.tui.views.compare import CompareView
from gradsim.tui.views.data import DataView
from gradsim.tui.views.layer import LayerView
from gradsim.tui.views.lessons import LessonsView
from gradsim.tui.views.map import MapView
from gradsim.tui.views.remedies import RemediesView
from gradsim.tui.views.waterfall import WaterfallView
from gradsim.tui.views.weight import WeightView
from gradsim.tui.views.why import WhyView

VIEWS: tuple[type[ViewPane], ...] = (
    LayerView,
    WhyView,
    WeightView,
    WaterfallView,
    CompareView,
    DataView,
    RemediesView,
    MapView,
    LessonsView,
)
"""Every view, in the order of the tabs."""

__all__ = ["VIEWS", "Host", "ViewPane"]
