"""Columns of the records' numbers: the same as reading every record, whenever one looks."""

import numpy as np
import pytest

from gradsim.nn.arrays import Array
from gradsim.simulation import scalars
from gradsim.simulation.measure import StepRecord
from gradsim.simulation.records import Records
from gradsim.simulation.scalars import SCALARS, SETTLING


def read(records: Records, count: int) -> Array:
    rows = [[getattr(record, name) for record in records[:count]] for name in SCALARS]
    return np.array(rows, np.float64).reshape(len(SCALARS), count)


def filled(losses: Array, recent: int) -> Records:
    records = Records(recent)
    for step, loss in enumerate(losses):
        records.append(StepRecord(step, loss=float(loss), grad_norm=-float(loss), complete=True))
    return records


def test_columns_are_those_of_the_records_however_one_looks_while_they_come() -> None:
    rng = np.random.default_rng(0)
    records = Records()
    for step in range(9 * SETTLING):
        record = StepRecord(step, loss=float(rng.random()), complete=bool(rng.random() < 0.9))
        records.append(record)
        if step >= SETTLING and rng.random() < 0.2:
            records[-1 - int(rng.integers(SETTLING // 2))].held_out_accuracy = 0.1 * step
        if rng.random() < 0.3:
            for count in (0, int(rng.integers(len(records) + 1)), len(records)):
                steps, found = records.scalars.first(records, count)
                assert np.array_equal(found, read(records, count), equal_nan=True)
                assert steps.tolist() == list(range(count))


def test_what_may_still_change_is_read_again_and_what_is_settled_is_not() -> None:
    records = filled(np.ones(4 * SETTLING), 10_000)
    records[-1].loss = 5.0
    records[0].loss = 5.0
    found = records.scalars.first(records, len(records))[1][0]
    assert (found[0], found[-1]) == (1.0, 5.0)


@pytest.mark.parametrize("count", [5_000, 4_321, 1_600, 33])
@pytest.mark.parametrize("forked", [None, 4_999, 1_601, 40])
def test_of_old_steps_the_smallest_and_the_largest_are_known(
    count: int, forked: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scalars, "BUCKETS", 64)
    losses = np.random.default_rng(1).random(5_000)
    losses[[7, 1_000, 4_990]] = np.nan, 1e300, np.inf
    records = filled(losses, 128)
    if forked is not None:
        records = records.fork(forked)
        for step, loss in enumerate(losses[forked:], start=forked):
            records.append(StepRecord(step, loss=float(loss), complete=True))
    steps, found = records.scalars.first(records, count)
    assert len(steps) < 600
    assert np.all(np.diff(steps) >= 0)
    assert steps[-1] == count - 1
    # No spike is lost, and the latest steps have their own numbers.
    if forked is None and count > 1_000:
        known = losses[: count if count > 4_872 else count // 64 * 64]
        assert np.nanmax(found[0]) == np.nanmax(known)
        assert np.nanmin(found[0]) <= np.nanmin(known)
        assert np.isnan(found[0]).any()
    if count > 4_872:
        assert found[0, -100:].tolist() == losses[count - 100 : count].tolist()
