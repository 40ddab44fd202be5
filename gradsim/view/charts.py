"""How the charts of the flow are looked at: scale, limits, order and section, all by key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, isnan
from types import MappingProxyType

from gradsim.view.axes import Floats
from gradsim.view.plot import Axis, fit

FEWEST = 5
"""Places that a section shows at least."""

Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Charts:
    """The choices; nothing here changes a number."""

    linear: bool = False
    """Norms on a linear axis rather than on one of decades."""
    sorted: bool = False
    """Layers by the size of their gradient, the largest first."""
    zoom: int = 0
    """How often the section of the layers has been halved."""
    fixed: Mapping[str, Limits] = field(default_factory=lambda: MappingProxyType({}))
    """Limits of charts by name that stay as they were; others follow their curves."""

    def norms(self, name: str, values: Sequence[Sequence[float] | Floats], label: str = "") -> Axis:
        """The axis of norms of a chart."""
        low, high = fit(values, log=not self.linear)
        if self.linear and 0.0 < low < high / 2:
            low = 0.0
        low, high = self.fixed.get(name, (low, high))
        return Axis(low, high, log=not self.linear, label=label)

    def section(self, count: int, selected: int) -> tuple[int, int]:
        """The first and the last place shown, counted from 1, around the selected one."""
        room = max(-(-count // 2**self.zoom), min(FEWEST, count))
        first = min(max(selected - room // 2, 1), count - room + 1)
        return first, first + room - 1

    def nearer(self, count: int) -> "Charts":
        """Half as many places, as long as there are enough."""
        closer = replace(self, zoom=self.zoom + 1)
        return closer if closer.section(count, 1) != self.section(count, 1) else self

    def farther(self) -> "Charts":
        """Twice as many."""
        return replace(self, zoom=max(self.zoom - 1, 0))


def ranks(sizes: Sequence[float | None]) -> list[int]:
    """The rank of each place, from 1 on: the largest first, what is not a number before it.

    Places that the pass has not reached come last; equal ones keep their order.
    """

    def key(place: int) -> tuple[int, float]:
        size = sizes[place]
        if size is None:
            return 2, 0.0
        return (0, -inf) if isnan(size) else (1, -size)

    out = [0] * len(sizes)
    for rank, place in enumerate(sorted(range(len(sizes)), key=key), start=1):
        out[place] = rank
    return out
