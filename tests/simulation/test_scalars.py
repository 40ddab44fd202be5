"""Columns of the records' numbers: the same as reading every record, whenever one looks."""

import numpy as np

from gradsim.nn.arrays import Array
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.scalars import SCALARS, SETTLING, Scalars


def read(records: list[StepRecord], count: int) -> Array:
    rows = [[getattr(record, name) for record in records[:count]] for name in SCALARS]
    return np.array(rows, np.float64).reshape(len(SCALARS), count)


def test_columns_are_those_of_the_records_however_one_looks_while_they_come() -> None:
    rng = np.random.default_rng(0)
    records: list[StepRecord] = []
    scalars = Scalars()
    for step in range(300):
        record = StepRecord(step, loss=float(rng.normal()), grad_norm=float(rng.exponential()))
        records.append(record)
        if step % 10 == 9:
            records[-1 - int(rng.integers(SETTLING // 2))].held_out_accuracy = 0.1 * step
        for count in {0, step // 2, step, step + 1}:
            if rng.random() < 0.3:
                found = scalars.first(records, count)
                assert np.array_equal(found, read(records, count), equal_nan=True)


def test_what_was_given_away_does_not_change_later() -> None:
    records = [StepRecord(step, loss=1.0) for step in range(5)]
    scalars = Scalars()
    before = scalars.first(records, 5)
    records[4].loss = 2.0
    assert before[0].tolist() == [1.0] * 5
    assert scalars.first(records, 5)[0, 4] == 2.0


def test_settled_records_are_read_once() -> None:
    records = [StepRecord(step, loss=1.0) for step in range(3 * SETTLING)]
    scalars = Scalars()
    scalars.first(records, 1)
    records[0].loss = 5.0
    assert scalars.first(records, 1)[0, 0] == 1.0
    records[-1].loss = 5.0
    assert scalars.first(records, len(records))[0, -1] == 5.0
