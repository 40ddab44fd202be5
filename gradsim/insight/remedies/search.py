"""The search for remedies: trials spread over an executor, taken in as they come, in rounds."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

from gradsim.errors import InputError
from gradsim.experiment.experiment import Experiment
from gradsim.insight.remedies.candidates import UNCHANGED, Candidate, pairs, singles
from gradsim.insight.remedies.pairing import couples
from gradsim.insight.remedies.ranking import Standing, Tried, standing, standings
from gradsim.insight.trial import Outcome, Trial, run_trial
from gradsim.insight.workers import cores

HIGHEST_SEED = 2**63 - 1

BROKEN = "a worker process came to an unexpected end; shown is what was found before"

AT_ONCE = max(8, 2 * cores())
"""Calls that wait in the executor: enough to keep it busy, few enough to end it soon."""


class Stage(StrEnum):
    """Where a search is."""

    UNCHANGED = "the experiment as it is"
    SINGLES = "single changes"
    PAIRS = "pairs"
    FURTHER = "the best, further"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is tried."""

    singles: int = 25
    pairs: int = 10
    steps: int = 200
    seeds: int = 2
    """Seeds of the first round: the experiment's own and those after it."""
    leaders: int = 4
    """Candidates that go on to the last round."""
    further_steps: int = 500
    further_seeds: int = 2
    """Seeds of the last round: those that follow."""
    looks: int = 3
    """Looks at the held-out rows, whose mean counts: one alone is a matter of luck."""
    look_every: int = 20
    """Steps between two looks, the last of which is behind the last step."""

    def looks_before(self, steps: int) -> tuple[int, ...]:
        """When to look in a trial of so many steps, besides its end."""
        looks = (steps - k * self.look_every for k in range(self.looks - 1, 0, -1))
        return tuple(step for step in looks if step > 0)


@dataclass(frozen=True, slots=True)
class _Job:
    """A call for the executor, and who takes what it gives back, or why it could not."""

    call: Callable[..., Any]
    arguments: tuple[Any, ...]
    take: Callable[[Any], None]
    fails: Callable[[str], None]


class Search:
    """Tries remedies for an experiment by any executor; it is moved on by `poll`, and never waits.

    First the experiment as it is, then single changes, then pairs of those that did best or are
    kin: all on the same seeds and batches, for as many steps. The best of them all, and the
    experiment as it is, then go on to a last round on further seeds for more steps. What is known
    can be read at any time. A worker that dies ends the search; what was found stays.
    """

    def __init__(
        self, experiment: Experiment, executor: Executor, plan: Plan | None = None
    ) -> None:
        self.experiment = experiment
        self.plan = plan or Plan()
        self.stage = Stage.UNCHANGED
        self.problem = ""
        """What went wrong, in a sentence; nothing where all went well."""
        self.left_out: dict[str, str] = {}
        """Candidates that could not be tried to the end, each with the reason."""
        self.done = 0
        """Trials finished."""
        self._executor = executor
        self._course = self._rounds()
        self._waiting: Iterator[_Job] = iter(())
        self._running: dict[Future[Any], _Job] = {}
        self._singles: tuple[Candidate, ...] | None = None
        self._pairs: tuple[Candidate, ...] | None = None
        self._tried: dict[str, Tried] = {}

    @property
    def over(self) -> bool:
        """Whether nothing more will be tried."""
        return self.stage in (Stage.DONE, Stage.STOPPED)

    @property
    def expected(self) -> int:
        """How many trials there will be, as far as it can be known."""
        plan = self.plan
        single = plan.singles if self._singles is None else len(self._singles)
        paired = plan.pairs if self._pairs is None else len(self._pairs)
        leaders = min(plan.leaders, single + paired)
        return plan.seeds * (1 + single + paired) + plan.further_seeds * (1 + leaders)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the first round."""
        return self._seeds(0, self.plan.seeds)

    @property
    def further_seeds(self) -> tuple[int, ...]:
        """The seeds of the last round."""
        return self._seeds(self.plan.seeds, self.plan.further_seeds)

    @property
    def unchanged(self) -> Standing | None:
        """The experiment as it is; None until it has been run."""
        known = self._tried.get(UNCHANGED.name)
        return standing(known, known) if known else None

    @property
    def unchanged_first(self) -> Standing | None:
        """The experiment as it is, after the first round alone."""
        known = self._tried.get(UNCHANGED.name)
        if known is None:
            return None
        first = replace(known, further=())
        return standing(first, first)

    def ranked(self) -> tuple[Standing, ...]:
        """All candidates tried so far, the best first."""
        unchanged = self._tried.get(UNCHANGED.name)
        others = (tried for tried in self._tried.values() if tried is not unchanged)
        return standings(others, unchanged) if unchanged else ()

    def poll(self, more: Callable[[], bool] = lambda: True) -> bool:
        """Take in what has come, and submit what is next while `more()`.

        True where something has changed.
        """
        before = (self.stage, self.done)
        come = [future for future in self._running if future.done()]
        for future, job in [(future, self._running.pop(future)) for future in come]:
            self._take(future, job)
        while not self.over and len(self._running) < AT_ONCE and more():
            if upcoming := next(self._waiting, None):
                self._submit(upcoming)
            elif self._running:
                break
            else:
                self._waiting = iter(next(self._course, ()))
        return (self.stage, self.done) != before

    def wait(self, seconds: float) -> None:
        """Wait until something has come, or for so long."""
        wait(self._running, seconds, FIRST_COMPLETED)

    def stop(self) -> None:
        """Submit nothing more, and take in nothing more; what was found stays."""
        if not self.over:
            self.stage = Stage.STOPPED
        self._waiting = iter(())
        self._running.clear()

    # -- the rounds -----------------------------------------------------------------------------

    def _rounds(self) -> Iterator[Iterable[_Job]]:
        """What is to be done, round by round: each is asked for when the one before is done."""
        plan, settings = self.plan, self.experiment.settings()
        yield self._trials([UNCHANGED])
        if UNCHANGED.name not in self._tried:
            self._end(self.left_out[UNCHANGED.name])
            return
        norms = [norm for o in self._tried[UNCHANGED.name].outcomes for norm in o.grad_norms]
        self.stage = Stage.SINGLES
        yield [self._listing(singles, (settings, norms, plan.singles), "_singles")]
        yield self._trials(self._singles or ())
        self.stage = Stage.PAIRS
        best = [row.tried.candidate for row in self.ranked()]
        yield [self._listing(pairs, (settings, list(couples(best)), plan.pairs), "_pairs")]
        yield self._trials(self._pairs or ())
        self.stage = Stage.FURTHER
        leaders = [row.tried.candidate for row in self.ranked()[: plan.leaders]]
        yield self._trials([*leaders, UNCHANGED], further=True)
        self.stage = Stage.DONE

    def _trials(self, candidates: Sequence[Candidate], further: bool = False) -> Iterator[_Job]:
        """Each of these on each seed: the seeds of one candidate after the other."""
        plan = self.plan
        seeds = self.further_seeds if further else self.seeds
        steps = plan.further_steps if further else plan.steps
        for candidate in candidates:
            yield from self._runs(candidate, seeds, steps, further)

    def _runs(
        self, candidate: Candidate, seeds: Sequence[int], steps: int, further: bool
    ) -> Iterator[_Job]:
        plan, outcomes = self.plan, dict[int, Outcome]()

        def take(seed: int, outcome: Outcome) -> None:
            self.done += 1
            outcomes[seed] = outcome
            if len(outcomes) == len(seeds):
                in_order = tuple(outcomes[seed] for seed in seeds)
                if further:
                    first = self._tried[candidate.name]
                    self._tried[candidate.name] = replace(first, further=in_order)
                else:
                    self._tried[candidate.name] = Tried(candidate, in_order)

        def fails(why: str) -> None:
            self.done += 1
            self.left_out[candidate.name] = why

        for seed in seeds:
            settings = self.experiment.switch({**candidate.changes, "seed": seed}).settings()
            trial = Trial(settings, steps, plan.looks_before(steps))
            yield _Job(run_trial, (trial,), partial(take, seed), fails)

    def _listing(self, call: Callable[..., Any], arguments: tuple[Any, ...], name: str) -> _Job:
        """Let a worker find out what can be built: with many layers that takes its time."""
        return _Job(call, arguments, partial(setattr, self, name), self._end)

    def _seeds(self, first: int, count: int) -> tuple[int, ...]:
        own = self.experiment.seed
        return tuple((own + k) % (HIGHEST_SEED + 1) for k in range(first, first + count))

    # -- the executor ---------------------------------------------------------------------------

    def _submit(self, job: _Job) -> None:
        try:
            self._running[self._executor.submit(job.call, *job.arguments)] = job
        except BrokenExecutor:
            self._end(BROKEN)

    def _take(self, future: Future[Any], job: _Job) -> None:
        try:
            result = future.result()
        except (BrokenExecutor, CancelledError):
            self._end(BROKEN)
        except InputError as error:
            job.fails(error.problems[0])
        except MemoryError:
            job.fails("there was not enough memory for it")
        except OSError as error:
            job.fails(f"{error.filename or 'a file'}: {(error.strerror or str(error)).lower()}")
        else:
            job.take(result)

    def _end(self, why: str) -> None:
        self.problem = self.problem or why
        self.stop()
