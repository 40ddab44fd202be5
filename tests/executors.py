"""Executors without processes: what they are asked for is done here and now."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class Direct(Executor):
    """Does each call where it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future
