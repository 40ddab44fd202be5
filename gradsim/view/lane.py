"""What stands side by side in the pictures: the layers of a deep stack, or a layer's time steps."""

from dataclasses import dataclass

from gradsim.experiment.experiment import Experiment
from gradsim.simulation.events import Event


@dataclass(frozen=True, slots=True)
class Lane:
    """Places from the input to the output, counted from 1, and the head behind them."""

    noun: str
    """`layer` or `time step`."""
    length: int
    columns: tuple[int, ...]
    """Which columns of a layer table they are, the head's last."""
    size: str
    """The number of a layer table that is the gradient: `delta_norm`, or that of the state."""
    level: int | None = None
    """The recurrent layer whose time steps they are."""
    levels: int = 0

    @property
    def short(self) -> str:
        """The noun in one word."""
        return "time" if self.level else "layer"

    @property
    def what(self) -> str:
        """What the gradient is with respect to, as a word before `gradient`."""
        return "state" if self.level else "activation"

    def index_of(self, event: Event) -> int | None:
        """Where an event happened, counted from 0; None where it is not in this lane."""
        if event.layer == "output":
            return self.length
        if event.layer == "all":
            return None
        if self.level is None:
            return event.layer - 1
        return None if event.layer != self.level or event.time is None else event.time - 1


def lane(experiment: Experiment, steps: int, level: int = 0) -> Lane:
    """The lane of an experiment on sequences of so many steps; level 0 is the top layer."""
    e = experiment
    if e.cell == "none":
        return Lane("layer", e.depth, tuple(range(e.depth + 1)), "delta_norm")
    levels = e.recurrent_layers
    level = min(level, levels) or levels
    first = (level - 1) * steps
    columns = (*range(first, first + steps), levels * steps)
    return Lane("time step", steps, columns, "output_grad_norm", level, levels)
