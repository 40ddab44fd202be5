"""A search in plain values, for JSON: every candidate with every number, seed and curve."""

from dataclasses import asdict
from typing import Any

from gradsim.insight.remedies.ranking import Standing
from gradsim.insight.remedies.search import Search, Stage
from gradsim.insight.trial import Outcome

RULE = (
    "those of the last round before the others; then by held-out accuracy, then by held-out loss "
    "(without classes by loss alone), means over the seeds and the looks; what did not end "
    "with numbers stands last"
)


def plain(search: Search) -> dict[str, Any]:
    """Everything known of a search; numbers may be NaN or infinite.

    Each run has `losses` and `grad_norms` of every step, and what the held-out rows gave at each
    look. Losses are as they were; `loss` of a candidate is divided by `loss_unit` of its runs.
    """
    plan, unchanged = search.plan, search.unchanged
    return {
        "complete": search.stage is Stage.DONE,
        "problem": search.problem,
        "ranked_by": RULE,
        "first_round": {"steps": plan.steps, "seeds": list(search.seeds)},
        "last_round": {"steps": plan.further_steps, "seeds": list(search.further_seeds)},
        "unchanged": _standing(search, unchanged) if unchanged else None,
        "candidates": [_standing(search, standing) for standing in search.ranked()],
        "left_out": [{"name": name, "why": why} for name, why in search.left_out.items()],
    }


def _standing(search: Search, standing: Standing) -> dict[str, Any]:
    tried = standing.tried
    first = zip(search.seeds, tried.outcomes, strict=True)
    further = zip(search.further_seeds, tried.further, strict=False)
    return {
        "rank": standing.rank,
        "name": tried.candidate.name,
        "parts": list(tried.candidate.parts),
        "changes": dict(tried.candidate.changes),
        "why": tried.candidate.why,
        "finite": standing.finite,
        "steps": standing.steps,
        "accuracy": standing.accuracy,
        "accuracy_gain": standing.gain,
        "loss": standing.loss,
        "loss_gain": standing.loss_gain,
        "reach_decades_start": standing.reach_start,
        "reach_decades_end": standing.reach_end,
        "step_time": standing.cost,
        "first_round": [_run(seed, outcome) for seed, outcome in first],
        "last_round": [_run(seed, outcome) for seed, outcome in further],
    }


def _run(seed: int, outcome: Outcome) -> dict[str, Any]:
    return {
        "seed": seed,
        "steps": len(outcome.losses),
        "held_out": {
            "step": [look.step for look in outcome.looks],
            "loss": [look.loss for look in outcome.looks],
            "accuracy": [look.accuracy for look in outcome.looks],
        },
        "start": asdict(outcome.start),
        "end": asdict(outcome.end),
        "seconds": outcome.seconds,
        "loss_unit": outcome.loss_unit,
        "losses": list(outcome.losses),
        "grad_norms": list(outcome.grad_norms),
    }
