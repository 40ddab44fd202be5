"""A survey: the cells of a map that are still missing, measured by any executor."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from itertools import islice
from time import perf_counter

from gradsim.errors import InputError
from gradsim.insight.map.cells import Cell, Task, measure
from gradsim.insight.map.order import Place, coarse_to_fine
from gradsim.insight.map.plan import Plan
from gradsim.insight.workers import cores

TASK_SECONDS = 0.15
"""About how long a task should take: short enough to be lively, long enough to be worth sending."""

MOST_IN_TASK = 64


class Survey:
    """Hands out tasks, coarse to fine, and takes in cells; only a few tasks are under way.

    `executor` is any `concurrent.futures.Executor`: processes, threads, a Dask cluster's
    `Client.get_executor()`. It is not shut down here. `at_once` tasks are under way at a time, two
    for each core where nothing is said. The values do not depend on who measured them or when.
    """

    def __init__(
        self,
        plan: Plan,
        executor: Executor,
        known: Mapping[Place, Cell] | None = None,
        at_once: int | None = None,
    ) -> None:
        self.plan = plan
        self.cells: dict[Place, Cell] = dict(known or {})
        """All cells known so far."""
        order = coarse_to_fine(len(plan.x.values), len(plan.y.values))
        self._left = iter([place for place in order if place not in self.cells])
        self._settings = plan.base.settings()
        self._executor = executor
        self._at_once = at_once or 2 * cores()
        self._under_way: set[Future[tuple[Cell, ...]]] = set()
        self._spent, self._measured = 0.0, 0
        self._first: tuple[float, int] | None = None
        """When the first cells came in, and how many: before that workers had to start."""
        self._lost = False

    @property
    def done(self) -> bool:
        """Whether every cell is known."""
        return len(self.cells) == self.plan.places

    def factors(self) -> dict[Place, float | None]:
        """Theory's squared factor per layer of every known cell, None where there is none."""
        return {place: cell.theory_factor for place, cell in self.cells.items()}

    @property
    def seconds_left(self) -> float | None:
        """How long it will still take, judged by the cells so far; None before there are some."""
        if self._first is None or self._measured == self._first[1]:
            return None
        pace = (perf_counter() - self._first[0]) / (self._measured - self._first[1])
        return pace * (self.plan.places - len(self.cells))

    def poll(self) -> list[Cell]:
        """Take in what is ready, and hand out more. Never waits; the cells that are new.

        Raises InputError, a sentence, where a worker was lost and there is nothing new.
        """
        ready = [future for future in self._under_way if future.done()]
        new = [cell for future in ready for cell in self._taken(future)]
        if not self._lost:
            self._hand_out()
        if self._lost and not new:
            raise InputError(
                "a worker was lost, perhaps for want of memory; "
                f"{len(self.cells)} of {self.plan.places} cells are measured"
            )
        return new

    def run(self) -> Iterator[list[Cell]]:
        """Wait for the cells and give them as they come in, until none is missing."""
        self.poll()
        while not self.done:
            wait(self._under_way, return_when=FIRST_COMPLETED)
            yield self.poll()

    def cancel(self) -> None:
        """Hand out nothing more, and take back what was not begun."""
        self._left = iter(())
        for future in self._under_way:
            future.cancel()
        self._under_way.clear()

    def _taken(self, future: Future[tuple[Cell, ...]]) -> tuple[Cell, ...]:
        self._under_way.discard(future)
        # A cluster that is gone cancels what it was asked for.
        if future.cancelled() or isinstance(future.exception(), BrokenExecutor):
            self._lost = True
            return ()
        cells = future.result()
        for cell in cells:
            self.cells[cell.place] = cell
            self._spent += cell.seconds
            self._measured += 1
        self._first = self._first or (perf_counter(), self._measured)
        return cells

    def _hand_out(self) -> None:
        while len(self._under_way) < self._at_once:
            places = list(islice(self._left, self._task_size()))
            if not places:
                return
            try:
                self._under_way.add(self._executor.submit(measure, self._task(places)))
            except BrokenExecutor:
                self._lost = True
                return

    def _task_size(self) -> int:
        """Cells of the next task, from the time that a cell has taken so far."""
        if not self._spent:
            return 1
        lively = round(TASK_SECONDS * self._measured / self._spent)
        # Toward the end the tasks become small, so that nobody waits for the last one.
        share = (self.plan.places - len(self.cells)) // (2 * self._at_once)
        return max(1, min(MOST_IN_TASK, lively, share))

    def _task(self, places: Iterable[Place]) -> Task:
        changes = tuple((place, self.plan.changes(place)) for place in places)
        return Task(self._settings, changes, self.plan.steps, self.plan.held_out)
