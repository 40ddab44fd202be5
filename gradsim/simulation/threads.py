"""One thread for the linear algebra wherever a network is computed, also in a notebook."""

from functools import cache
from typing import Protocol


class _Pool(Protocol):
    def get_num_threads(self) -> int: ...
    def set_num_threads(self, num_threads: int) -> None: ...


def hold_one_thread() -> None:
    """Set the linear algebra of this process to one thread, if it is not.

    Long sums differ in their last bits between one thread and two, and a replay must not differ.
    It is also the faster way at the sizes here. Whoever wants more threads for other work sets them
    again, with threadpoolctl; the next step of a network takes them back.
    """
    for pool in _pools():
        if pool.get_num_threads() != 1:
            pool.set_num_threads(1)


@cache
def _pools() -> tuple[_Pool, ...]:
    """The libraries that NumPy has loaded; an environment variable would come too late for them."""
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415 (needed where one computes)

    controllers = ThreadpoolController().lib_controllers
    return tuple(pool for pool in controllers if pool.user_api == "blas")
