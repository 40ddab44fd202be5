"""What an expectation needs to see: its readings, and the weights whose slopes it asks for."""

from collections.abc import Sequence
from typing import Any

from gradsim.insight.steepest import steepest
from gradsim.insight.weight import Slices
from gradsim.nn.network import LayerName
from gradsim.scenario.expecting import Measured
from gradsim.scenario.parts import spanned
from gradsim.scenario.quantities import QUANTITIES, Part
from gradsim.scenario.readings import readings
from gradsim.simulation.session import Session


def seen(session: Session, asked: Sequence[Measured]) -> Slices[dict[str, Any]]:
    """The readings of a session, with `weights` of the layers whose weights are asked for."""
    last = session.experiment.hidden_layers
    layers = dict.fromkeys(layer for one in asked for layer in _layers(one, last))
    found = (yield from steepest(session, layers)) if layers else {}
    return readings(session, [one.quantity for one in asked]) | {"weights": found}


def _layers(one: Measured, last: int) -> list[LayerName]:
    """The layers of which a weight is asked for."""
    quantity = QUANTITIES.get(one.quantity)
    if quantity is None or quantity.part is not Part.WEIGHTS:
        return []
    if one.layers is not None:
        return list(spanned(one.layers, last))
    return [] if one.layer is None else [one.layer]
