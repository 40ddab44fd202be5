"""The report: all numbers of a state by name, as plain values for JSON, CSV and checks."""

from collections.abc import Sequence
from math import isfinite, isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from gradsim.insight.ledger import plain
from gradsim.insight.oscillation import oscillation
from gradsim.insight.reckoning import ledger
from gradsim.insight.recurrence import recurrence
from gradsim.insight.theory import result as theories
from gradsim.insight.verdict import judge, since_switch
from gradsim.insight.weight import whole
from gradsim.insight.wiring import skip_notes, time_notes
from gradsim.simulation.measure import LAYER_COLUMNS, StepRecord
from gradsim.simulation.session import Session

LAYER_NUMBERS = (
    *LAYER_COLUMNS[: LAYER_COLUMNS.index("update_norm") + 1],
    "update_ratio",
    *LAYER_COLUMNS[LAYER_COLUMNS.index("update_norm") + 1 :],
)
"""The numbers of each row of `layers`: those recorded, and what is worked out from them."""

SCHEMA = "gradsim/run/1"

HISTORY_COLUMNS = (
    "step",
    "loss",
    "accuracy",
    "held_out_accuracy",
    "grad_norm",
    "clipped_grad_norm",
    "clip_coefficient",
    "clip_angle",
    "clip_fired",
    "learning_rate",
)
"""The lists of `history`: an entry for each step so far and one for the state shown."""


KEYS: dict[str, str] = {
    "schema": "name and version of this form",
    "experiment": "every knob with its value",
    "history": "lists with an entry for each step so far and one for the state shown",
    "oscillation": "how far the loss jumps, measured by how far it has come down",
    "clip_fired_share": "share of those entries at which clipping fired",
    "layers": "a table for each layer, the head last; its `layer` is a number or `output`; in a "
    "recurrent network one for each time step, with its `time`",
    "verdict": "`shape`, one word; `notes`, tables with `kind`, `layers` and `sentence`; "
    "`evidence`, the numbers it rests on",
    "ledger": "which part changed the gradient: `decades` over the hidden layers, `parts`, and a "
    "table for each block of the way back, with its paths, their shares and their ops",
    "time": "of a recurrent network: how far back the gradient reaches, its bounds and its theory",
    "theory": "what mean-field theory predicts at initialization beside what is measured, with the "
    "numbers of a layer stacked on itself; `reason`, why there is none; `layers`, the predicted "
    "log10 of delta_norm over that of the last hidden layer and its standard deviation",
    "wiring": "sentences on what the skips do where widths differ",
    "nulls": "in JSON: each place that holds null, and why",
}
"""The keys of the report, each with what it holds."""


def report(session: Session, past: Sequence[StepRecord] | None = None) -> dict[str, Any]:
    """Everything known of the state at the cursor; numbers may be NaN or infinite.

    The gradients are those of the next batch at the present weights; `update_norm` and
    `update_ratio` are of the last update made, NaN before the first. The held-out accuracy of the
    last entry is measured now; in between it is the latest one measured. `past` are the records
    before the cursor, where they have been gathered already.
    """
    if past is None:
        past = whole(session.gathering())
    held_out = session.held_out_accuracy()
    now = session.look()
    rows = [*past, now]
    history = {name: [_of_step(row, name) for row in rows] for name in HISTORY_COLUMNS}
    history["held_out_accuracy"][-1] = held_out
    debts = ledger(session)
    verdict = judge(now, session.experiment, since_switch(session.run, now.step)).explained(debts)
    evidence = verdict.evidence
    return {
        "schema": SCHEMA,
        "experiment": session.experiment.settings(),
        "history": history,
        "oscillation": oscillation(history["loss"]),
        "clip_fired_share": sum(row.fired for row in rows) / len(rows),
        "layers": layer_rows(session),
        "verdict": {
            "shape": str(verdict.shape),
            "notes": [
                {"kind": str(note.kind), "layers": list(note.layers), "sentence": note.words}
                for note in verdict.notes
            ],
            "evidence": {
                "first_delta_norm": evidence.first_delta_norm,
                "last_delta_norm": evidence.last_delta_norm,
                "reach": evidence.reach,
                "reach_decades": evidence.reach_decades,
                "slope": evidence.slope,
                "sentence": evidence.sentence,
            },
        },
        "ledger": plain(debts),
        "time": recurrence(session, debts),
        "theory": theories.report(session, now),
        "wiring": [
            *skip_notes(session.experiment, session.run.data.features),
            *time_notes(session.experiment, session.run.data.steps),
        ],
    }


def _of_step(row: StepRecord, name: str) -> Any:
    return int(row.fired) if name == "clip_fired" else getattr(row, name)


def layer_rows(session: Session) -> list[dict[str, Any]]:
    """The numbers of each layer at the cursor, the head last."""
    for _ in session.recalling():
        pass
    now, step = session.look(), session.cursor.step
    before = session.run.records[step - 1] if step else None
    assert now.layers is not None
    nothing = np.full(now.layers.shape[1], np.nan)
    rows: dict[str, npt.NDArray[np.float64]] = {}
    for name in LAYER_NUMBERS:
        known = (before if name.startswith("update") else now) if before else now
        column_of = known.column(name) if before or not name.startswith("update") else None
        rows[name] = nothing if column_of is None else column_of
    return [
        {"layer": layer}
        | ({} if time is None else {"time": time})
        | {name: float(values[column]) for name, values in rows.items()}
        for column, (layer, time) in enumerate(now.places)
    ]


def jsonable(plain: dict[str, Any]) -> dict[str, Any]:
    """A report, or a comparison, fit for JSON: what is not finite is null, with why in `nulls`.

    `nulls` maps a place to its reason: `history.loss.12`, or `history.loss.12-600` for a stretch.
    """
    reasons: list[tuple[str, str]] = []
    clean = _clean(plain, "", reasons)
    untouched = len(plain.get("history", {}).get("step", ())) == 1
    clean["nulls"] = _stretches(
        [
            (place, "no update made yet" if untouched and _of_update(place) else reason)
            for place, reason in reasons
        ]
    )
    return dict(clean)


def _clean(value: Any, place: str, reasons: list[tuple[str, str]]) -> Any:
    match value:
        case dict():
            return {k: _clean(v, f"{place}.{k}" if place else k, reasons) for k, v in value.items()}
        case list():
            return [_clean(v, f"{place}.{i}", reasons) for i, v in enumerate(value)]
        case float() if not isfinite(value):
            reasons.append((place, _reason(value)))
            return None
        case None:
            reasons.append((place, "no classes" if "accuracy" in place else "not computed"))
            return None
        case _:
            return value


def _of_update(place: str) -> bool:
    return ".update_" in place or place == "oscillation"


def _reason(value: float) -> str:
    if isnan(value):
        return "not a number"
    return "infinity" if value > 0 else "-infinity"


def _stretches(reasons: list[tuple[str, str]]) -> dict[str, str]:
    out: dict[str, str] = {}
    first = last = -2
    for place, reason in reasons:
        stem, _, tail = place.rpartition(".")
        if not tail.isdigit():
            out[place] = reason
            continue
        index = int(tail)
        open_place = f"{stem}.{first}" if first == last else f"{stem}.{first}-{last}"
        if index == last + 1 and out.get(open_place) == reason:
            del out[open_place]
        else:
            first = index
        last = index
        out[f"{stem}.{first}" if first == last else f"{stem}.{first}-{last}"] = reason
    return out
