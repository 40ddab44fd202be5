"""One thread for the linear algebra, while the numbers are made."""

from contextlib import AbstractContextManager


def one_thread() -> AbstractContextManager[object]:
    """While this holds, BLAS uses one thread, also where NumPy was loaded before we were asked.

    Long sums differ in their last bits between one thread and two, and a replay must not differ.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits
