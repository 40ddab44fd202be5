"""Memory that is used again: where the system gives out fresh memory, it costs more than a copy."""

from weakref import finalize

import numpy as np

from gradsim.nn.arrays import Array

WORTH = 2**17
"""Bytes from which on memory is kept for the next copy; less comes from the heap anyway."""

MOST_FREE = 2
"""Pieces of memory that wait for the next copy at the most."""


class Recycler:
    """Makes copies of arrays, in the memory of copies that nobody holds any more."""

    def __init__(self) -> None:
        self._free: list[memoryview] = []

    def copy(self, array: Array) -> Array:
        """A copy in the order of rows; its memory comes back once it and all its views are gone."""
        size = array.nbytes
        if size < WORTH:
            return array.copy()
        memory = next((free for free in self._free if len(free) == size), None)
        if memory is None:
            memory = np.empty(size, np.uint8).data
        else:
            self._free = [free for free in self._free if free is not memory]
        # Such an array is the base of all views of it: the memory is held as long as one of them.
        flat = np.frombuffer(memory, array.dtype)
        finalize(flat, self._take_back, memory).atexit = False
        out = flat.reshape(array.shape)
        np.copyto(out, array)
        return out

    def _take_back(self, memory: memoryview) -> None:
        self._free = [*self._free, memory][-MOST_FREE:]
