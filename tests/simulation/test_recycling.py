"""Memory that is used again: only once nobody can read it any more."""

import gc

import numpy as np

from gradsim.simulation.recycling import MOST_FREE, WORTH, Recycler


def address(array: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> int:
    """Where the entries of an array begin."""
    return int(array.__array_interface__["data"][0])


def test_memory_is_used_again_once_the_copy_and_all_its_views_are_gone() -> None:
    recycler, array = Recycler(), np.arange(WORTH / 8.0).reshape(2, -1)
    first = recycler.copy(array)
    place, view = address(first), first[1:, 5:].reshape(-1)
    del first
    gc.collect()
    second = recycler.copy(-array)
    assert address(second) != place, "a view of the first is still there"
    assert view.tobytes() == array[1, 5:].tobytes()
    del view
    gc.collect()
    third = recycler.copy(2.0 * array)
    assert address(third) == place
    assert third.tobytes() == (2.0 * array).tobytes()
    assert second.tobytes() == (-array).tobytes()


def test_memory_of_another_size_is_not_taken_and_little_is_kept() -> None:
    recycler = Recycler()
    kept = [recycler.copy(np.zeros(WORTH + k)) for k in range(3 * MOST_FREE)]
    places = {address(copy) for copy in kept}
    del kept
    gc.collect()
    other = np.full(2 * WORTH, 3.0)
    assert recycler.copy(other).tobytes() == other.tobytes()
    again = [recycler.copy(np.zeros(WORTH + k)) for k in range(3 * MOST_FREE)]
    assert len(places & {address(copy) for copy in again}) >= MOST_FREE - 1


def test_a_small_copy_is_one_of_its_own() -> None:
    array = np.arange(6.0).reshape(2, 3)
    copy = Recycler().copy(array)
    array[...] = 0.0
    assert copy.tobytes() == np.arange(6.0).tobytes()
