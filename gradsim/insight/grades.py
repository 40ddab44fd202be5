"""Grades: how often the verdict agrees with theory, and whether the first layers really move."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from gradsim.insight.corpus import LABELS, MOVES, Corpus, Example
from gradsim.insight.verdict import Shape

SCHEMA = "gradsim/grade/1"

PASS = 0.95
"""Least micro-averaged precision and recall."""

CLASSES = tuple(str(shape) for shape in LABELS)
SHAPES = (*CLASSES, *(str(shape) for shape in Shape if shape not in LABELS))
"""The three that theory tells apart first, in the same order."""

DEFINITIONS: dict[str, str] = {
    "label": "the shape by theory's end-to-end factor of the delta norm: below 1e-2 vanishing, 0.1 "
    "to 10 healthy, above 1e2 exploding; between two of these a network is not scored",
    "precision": "of the scored networks that the verdict calls by one of the three, the share "
    "that theory calls the same, over all three together",
    "recall": "of the scored networks, the share that the verdict calls as theory does",
    "moves": "the root mean square of |W_t - W_0| / |W_0| over the first quarter of the hidden "
    f"layers is at least {MOVES:g} of that over the last quarter",
    "learns": "the mean loss of the last five steps is below 0.9 of that of the first five",
}
"""What is counted, in a sentence each."""


@dataclass(frozen=True, slots=True)
class Learning:
    """What became of the networks of one shape that were trained."""

    count: int
    moves: float
    """Share of them whose first layers move."""
    ratio: float
    """Median of how far the first layers moved, over how far the last ones did."""
    learns: float
    """Share of them whose loss came down."""


@dataclass(frozen=True, slots=True)
class Grades:
    """The verdict held against theory."""

    confusion: dict[str, dict[str, int]]
    """How many networks of each label the verdict calls by each shape."""
    learning: dict[str, Learning]
    """By the verdict's shape; those of no network are left out."""
    disagreements: tuple[Example, ...]

    @property
    def scored(self) -> int:
        """Networks with a label."""
        return sum(sum(row.values()) for row in self.confusion.values())

    @property
    def right(self) -> int:
        """Those of them whose verdict is the label."""
        return sum(self.confusion[name][name] for name in CLASSES)

    @property
    def precision(self) -> float:
        """Micro-averaged over the three classes; 0 where nothing was called by one of them."""
        called = sum(row[name] for row in self.confusion.values() for name in CLASSES)
        return self.right / called if called else 0.0

    @property
    def recall(self) -> float:
        """Micro-averaged over the three classes; 0 where nothing was scored."""
        return self.right / self.scored if self.scored else 0.0

    @property
    def passed(self) -> bool:
        """Whether both reach what is asked for."""
        return min(self.precision, self.recall) >= PASS

    def precision_of(self, name: str) -> float | None:
        """Of the scored networks called this, the share that is; None where none was."""
        called = sum(row[name] for row in self.confusion.values())
        return self.confusion[name][name] / called if called else None

    def recall_of(self, name: str) -> float | None:
        """Of the networks with this label, the share called so; None where there is none."""
        labelled = sum(self.confusion[name].values())
        return self.confusion[name][name] / labelled if labelled else None


def grades(examples: Sequence[Example]) -> Grades:
    """Count what agrees and what moves."""
    pairs = Counter((example.label, example.shape) for example in examples if example.scored)
    learning = {}
    for shape in SHAPES:
        group = [example for example in examples if example.shape == shape]
        if group:
            learning[shape] = _learning(group)
    return Grades(
        {label: {shape: pairs[label, shape] for shape in SHAPES} for label in CLASSES},
        learning,
        tuple(e for e in examples if e.scored and e.label != e.shape),
    )


def _learning(group: Sequence[Example]) -> Learning:
    count = len(group)
    ratios = [e.first_moved / e.last_moved for e in group if e.last_moved > 0.0]
    return Learning(
        count,
        sum(example.first_layers_move for example in group) / count,
        median(ratios) if ratios else float("nan"),
        sum(example.learns for example in group) / count,
    )


def plain(found: Corpus, seed: int, steps: int) -> dict[str, Any]:
    """The grades of a corpus as plain values, for JSON; numbers may be NaN or infinite."""
    marks = grades(found.examples)
    return {
        "schema": SCHEMA,
        "seed": seed,
        "steps": steps,
        "networks": len(found.examples),
        "scored": marks.scored,
        "without_theory": found.without_theory,
        "precision": marks.precision,
        "recall": marks.recall,
        "passed": marks.passed,
        "classes": {
            name: {"precision": marks.precision_of(name), "recall": marks.recall_of(name)}
            for name in CLASSES
        },
        "confusion": marks.confusion,
        "learning": {
            shape: {
                "count": row.count,
                "moves": row.moves,
                "median_ratio": row.ratio,
                "learns": row.learns,
            }
            for shape, row in marks.learning.items()
        },
        "disagreements": [
            {
                "index": example.index,
                "label": example.label,
                "shape": example.shape,
                "predicted_decades": example.predicted,
                "measured_decades": example.measured,
                "experiment": dict(example.settings),
            }
            for example in marks.disagreements
        ],
        "definitions": DEFINITIONS,
    }
