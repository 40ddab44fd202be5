"""The prediction in the profile: where it is drawn, and where it is not."""

from dataclasses import replace
from math import log10
from typing import Any

import pytest
from helpers import experiment

from gradsim.simulation.actions import Advance, Grain
from gradsim.simulation.session import Session
from gradsim.view.frame import Frame, View, frame
from gradsim.view.lines import plain
from gradsim.view.plot import Curve
from gradsim.view.profile import _theory, profile


def shown(**knobs: Any) -> Frame:
    session = Session(experiment(**{"depth": 12, "width": 16} | knobs))
    session.do(Advance(Grain.STEP))
    return frame(session, View())


def curves(seen: Frame, height: int = 20) -> dict[str, list[Curve]]:
    found: dict[str, list[Curve]] = {}
    for curve in _theory(seen, 70, height):
        found.setdefault(curve.style, []).append(curve)
    return found


def test_it_starts_from_the_gradient_of_the_last_hidden_layer() -> None:
    seen = shown()
    (signs,) = curves(seen)["theory"]
    assert signs.x[-1] == 12.0
    assert signs.y[-1] == pytest.approx(seen.wave.backward[11])
    assert seen.theory is not None
    assert seen.theory.profile is not None
    first = int(signs.x[0]) - 1
    wanted = seen.theory.profile.decades[first]
    assert log10(signs.y[0] / signs.y[-1]) == pytest.approx(wanted)
    assert "×" in plain(profile(seen, 70, 20, "braille"))
    assert " ×  theory" in plain(profile(seen, 70, 20, "braille")[:1])


def test_the_band_lies_around_it_where_there_is_room_for_it() -> None:
    seen = shown(activation="relu", initializer="he-normal")
    found = curves(seen)
    high, low = found["band"]
    assert high.y[0] > low.y[0]
    assert high.y[-1] == low.y[-1]  # where it starts nothing scatters
    assert "band" not in curves(shown(), height=6)  # 7 decades in 6 rows


def test_while_the_pass_is_under_way_it_starts_from_the_step_before() -> None:
    session = Session(experiment(depth=5, width=16))
    session.do(Advance(Grain.STEP))
    before = frame(session, View())
    session.do(Advance(Grain.OP, 3))
    seen = frame(session, View())
    assert seen.wave.backward[4] is None
    (signs,) = curves(seen)["theory"]
    assert signs.y[-1] == pytest.approx(before.wave.backward[4])


@pytest.mark.parametrize(
    "knobs",
    [{"initializer": "identity"}, {"depth": 1}, {"activation": "relu", "initializer": "zeros"}],
)
def test_where_there_is_none_nothing_is_drawn(knobs: dict[str, Any]) -> None:
    seen = shown(**knobs)
    assert not curves(seen)
    assert "×" not in plain(profile(seen, 70, 20, "braille"))


def test_a_gradient_that_is_not_a_number_has_no_prediction_beside_it() -> None:
    seen = shown()
    broken = replace(seen, wave=replace(seen.wave, backward=(float("nan"),) * 13))
    assert not curves(broken)
