"""The frame: what is seen comes from the events that have happened, and from nothing else."""

import re
from dataclasses import replace
from math import inf, isnan, nan
from typing import Any

import pytest

from gradsim.experiment.experiment import Experiment
from gradsim.simulation.actions import Advance, Back, Grain, Pin, Switch
from gradsim.simulation.events import Event, Phase
from gradsim.simulation.session import Session
from gradsim.view import words
from gradsim.view.frame import View, frame, wave
from gradsim.view.history import chart
from gradsim.view.lane import lane
from gradsim.view.lines import fitted, length, pages, plain, spread, wrapped
from gradsim.view.scales import bar, decade_range
from gradsim.view.strip import cells, strip

FIVE = lane(Experiment.of({"depth": 5}), 1)


def session(**knobs: Any) -> Session:
    settings = {"depth": 5, "width": 6, "batch-size": 7}
    return Session(
        Experiment.of(settings | {name.replace("_", "-"): value for name, value in knobs.items()})
    )


def whole_step(it: Session) -> tuple[list[Event], Any]:
    it.do(Advance(Grain.STEP))
    record = it.run.records[0]
    return list(it.events_of(0, len(record.plan))), record.plan


@pytest.mark.parametrize("skip", ["none", "residual"])
def test_the_wave_stops_where_an_event_is_missing(skip: str) -> None:
    events, plan = whole_step(session(skip=skip))
    for lacking in range(len(events)):
        seen = wave(events[:lacking] + events[lacking + 1 :], plan, FIVE)
        upto = wave(events[:lacking], plan, FIVE)
        assert seen == upto, f"without event {lacking} the wave went on"
    assert None not in wave(events, plan, FIVE).backward


def test_the_wave_fills_forward_to_the_right_then_backward_to_the_left() -> None:
    events, plan = whole_step(session())
    filled: list[tuple[str, int]] = []
    for count in range(1, len(events) + 1):
        seen = wave(events[:count], plan, FIVE)
        for way in ("forward", "backward"):
            for layer, size in enumerate(getattr(seen, way)):
                if size is not None and (way, layer) not in filled:
                    filled.append((way, layer))
    assert filled == [("forward", k) for k in range(6)] + [
        ("backward", k) for k in range(5, -1, -1)
    ]


def test_bars_bear_the_norms_of_their_events() -> None:
    events, plan = whole_step(session(normalization="batch", skip="residual-scaled"))
    seen = wave(events, plan, FIVE)
    for layer in range(1, 6):
        last_forward = [e for e in events if e.phase is Phase.FORWARD and e.layer == layer][-1]
        assert seen.forward[layer - 1] == last_forward.norm_out
        (linear,) = [
            e for e in events if e.phase is Phase.BACKWARD and e.layer == layer and e.op == "linear"
        ]
        assert seen.backward[layer - 1] == linear.norm_in


def test_the_profile_is_that_of_the_layer_table() -> None:
    it = session(clip="global-norm")
    it.do(Advance(Grain.STEP, 3))
    shown = frame(it, View())
    record = it.run.records[2]
    assert record.layers is not None
    delta, weights = record.column("delta_norm"), record.column("grad_weight_norm")
    assert delta is not None
    assert weights is not None
    assert list(shown.wave.backward) == list(delta)
    assert list(shown.grad_weight) == list(weights)
    assert shown.finished
    assert shown.step == 2
    assert list(shown.history.loss) == [r.loss for r in it.run.records[:3]]


def test_the_frame_of_a_moment_does_not_depend_on_what_came_after() -> None:
    straight, wandered = session(), session()
    for it in (straight, wandered):
        it.do(Advance(Grain.STEP, 2))
        it.do(Advance(Grain.PHASE, 2))
    wandered.do(Advance(Grain.STEP, 4))
    wandered.do(Back(Grain.STEP, 4))
    wandered.do(Advance(Grain.PHASE, 2))
    straight.look()
    assert wandered.cursor == straight.cursor
    one, other = frame(straight, View()), frame(wandered, View())
    assert words.header(one, 80) == words.header(other, 80)
    assert strip(one, 76, 5) == strip(other, 76, 5)
    assert one.history == other.history
    assert one.verdict == other.verdict


def test_nothing_is_said_of_gradients_that_have_not_been_reached() -> None:
    it = session()
    it.do(Advance(Grain.PHASE, 2))
    it.do(Advance(Grain.LAYER, 2))
    it.look()
    shown = frame(it, View(layer=2))
    assert shown.verdict is None
    assert not shown.layer_numbers
    assert [size is None for size in shown.grad_weight] == [True] * 4 + [False] * 2
    it.do(Advance(Grain.PHASE))
    assert frame(it, View()).verdict is not None


def test_pinned_run_is_shown_at_the_step_of_the_live_one() -> None:
    it = session()
    it.do(Advance(Grain.STEP, 4))
    it.do(Pin())
    it.do(Switch({"initializer": "he-normal"}))
    it.do(Advance(Grain.STEP, 2))
    shown = frame(it, View())
    old = it.runs[0].records[1].column("delta_norm")
    assert old is not None
    assert shown.pinned == list(old)
    assert shown.pinned_history is not None
    assert list(shown.pinned_history.loss) == [r.loss for r in it.runs[0].records[:2]]


@pytest.mark.parametrize(
    ("size", "look"),
    [
        (None, "·"),
        (nan, "?"),
        (inf, "∞"),
        (0.0, "0"),
        (1e-300, "▁"),
        (5e-324, "▁"),
        (1.0, "█"),
        (1e-2, "▄"),
    ],
)
def test_each_kind_of_number_has_its_own_look(size: float | None, look: str) -> None:
    assert bar(size, (-4.0, 0.0), 1) == [look]


def test_bars_of_several_rows_grow_from_the_bottom() -> None:
    heights = ["".join(bar(10.0**power, (-4.0, 0.0), 3)).strip() for power in (-4, -3, -2, -1, 0)]
    sizes = [sum(" ▁▂▃▄▅▆▇█".index(sign) for sign in height) for height in heights]
    assert sizes == sorted(set(sizes))
    assert bar(1.0, (-4.0, 0.0), 3) == ["█", "█", "█"]


def test_decade_range_holds_what_is_finite_and_spans_enough() -> None:
    assert decade_range([1e-8, nan, inf, 0.0, None, 1.0]) == (-8.0, 0.0)
    assert decade_range([1.0, 2.0])[0] == pytest.approx(0.30103 - 4)
    assert decade_range([None, 0.0]) == (-4.0, 0.0)


@pytest.mark.parametrize("depth", [1, 2, 20, 64, 65, 300, 1000])
@pytest.mark.parametrize("width", [40, 76, 196])
def test_every_layer_has_exactly_one_cell(depth: int, width: int) -> None:
    layout = cells(depth, width)
    shown = [layer for cell in range(layout.count) for layer in layout.layers_of(cell)]
    assert shown == list(range(depth + 1))
    assert all(layer in layout.layers_of(layout.cell_of(layer)) for layer in shown)
    assert layout.count * layout.width + 11 <= width


@pytest.mark.parametrize("width", [40, 58, 76, 116, 196])
@pytest.mark.parametrize("height", [3, 5, 7, 9])
def test_every_panel_line_is_exactly_as_wide_as_asked(width: int, height: int) -> None:
    it = session(depth=20, clip="global-norm")
    it.do(Advance(Grain.STEP, 2))
    it.do(Switch({"activation": "tanh", "learning-rate": 0.5}))
    it.do(Advance(Grain.PHASE, 2))
    it.do(Advance(Grain.OP, 9))
    shown = frame(it, View(layer=20))
    for lines in (
        strip(shown, width, height),
        words.verdict(shown, width, height),
        words.switches(shown, width, height),
    ):
        assert len(lines) == height
        assert {length(line) for line in lines} == {width}
    for line in (words.header(shown, width), words.effect(shown, width), words.layer(shown, width)):
        assert length(line) == width


def test_a_layer_with_nan_in_a_crowded_cell_is_not_hidden() -> None:
    it = session(depth=200, width=2, batch_size=2)
    events, plan = whole_step(it)
    broken = [
        replace(e, norm_in=nan, norm_out=nan) if e.phase is Phase.BACKWARD and e.layer == 77 else e
        for e in events
    ]
    base = frame(it, View())
    shown = replace(base, wave=wave(broken, plan, lane(Experiment.of({"depth": 200}), 1)))
    assert "?" not in plain(strip(base, 80, 5))
    assert "?" in plain(strip(shown, 80, 5)).splitlines()[-1]


def test_lines_are_cut_with_an_ellipsis_and_filled_with_blanks() -> None:
    assert plain([fitted([("abcdef", "x")], 4)]) == "abc…"
    assert plain([fitted([("ab", "x")], 4)]) == "ab  "
    assert plain([spread([("long left part", "")], [("right", "")], 12)]) == "long … right"
    assert plain(wrapped([[("aa", "")], [("bb", "")], [("cc", "")]], 6)) == "aa  bb\ncc    "


def test_pages_break_between_sentences_and_lose_nothing() -> None:
    text = "One short. Two are longer than that. " + "word " * 60 + "end.\n\nA new paragraph."
    parts = pages(text, 80)
    assert max(len(part) for part in parts) <= 80
    assert " ".join(parts).split() == text.split()
    assert parts[0].startswith("One short. Two are longer than that.")
    assert parts[-1] == "A new paragraph."


def test_a_verdict_that_has_one_line_says_what_it_comes_to() -> None:
    it = session(depth=20, width=16)
    it.do(Advance(Grain.STEP, 1))
    now = frame(it, View())
    whole = plain(words.verdict(now, 118, 1)).rstrip()
    assert "activation gradient" in whole
    told = plain(words.verdict(now, 60, 1)).rstrip()
    assert told.strip().startswith("▼ VANISHING")
    assert told.endswith("per layer")
    assert whole.endswith(told.strip().removeprefix("▼ VANISHING  "))


def test_a_title_is_never_cut_within_a_number() -> None:
    it = session(depth=4, width=8)
    for action in (Pin(), Switch({"activation": "relu"}), Advance(Grain.STEP, 3)):
        it.do(action)
    now = frame(it, View())
    for width in range(14, 70):
        title = plain(chart(now, "loss", width, 6, "braille", only=True)[:1]).rstrip()
        assert "…" not in title
        assert title.startswith("⠤⠤⠤ loss ")
    assert "pinned" in title
    assert "held-out" in title


def test_a_network_through_one_time_step_is_said_to_be_one() -> None:
    def said(**knobs: Any) -> str:
        it = session(depth=2, width=4, **knobs)
        for action in (Advance(Grain.STEP, 1), Switch({"cell": "rnn"})):
            it.do(action)
        return plain([words.effect(frame(it, View()), 118)])

    assert "only one time step: ⟨knobs⟩, data digits-rows or recall for more" in said()
    assert "time step:" not in said(data="digits-rows")


def test_what_a_switch_did_is_never_cut_within_a_number() -> None:
    it = session(depth=2, width=4)
    it.do(Advance(Grain.STEP, 1))
    it.do(Switch({"activation": "tanh", "initializer": "he-normal", "skip": "residual"}))
    it.do(Advance(Grain.PHASE, 3))
    shown = frame(it, View())
    whole = plain([words.effect(shown, 300)]).rstrip()
    assert "delta of layer 1" in whole
    parts = re.split(r"(?=[:;,] )", whole)
    for width in range(60, len(whole)):
        told = plain([words.effect(shown, width)]).rstrip()
        assert told in {"".join(parts[:count]) for count in range(1, len(parts) + 1)}


def test_shares_of_a_layer_full_of_nan_are_not_known() -> None:
    it = session(depth=4, width=8, activation="relu", learning_rate=1e300)
    it.do(Advance(Grain.STEP, 3))
    numbers = frame(it, View()).layer_numbers
    assert isnan(numbers["dead"])
    assert isnan(numbers["saturated"])
    assert "dead –" in plain([words.layer(frame(it, View()), 118)])
