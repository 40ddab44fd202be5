"""What a long run holds in memory, and how long the way back takes; weights compared by digest.

    python tests/benchmarks/rewind_and_memory.py [DEPTHxWIDTHxBATCH] [plain|full] [STEPS]

To reach, at 50x128x128 and 1,000 steps: 500 MB in all, 95 % of consecutive steps back under 100 ms,
any jump under 3 s. Processor time, one thread.
"""

import sys
from hashlib import sha256
from random import Random
from resource import RUSAGE_SELF, getrusage
from time import process_time

from threadpoolctl import threadpool_limits

from gradsim.cli.contest.case import Case, sized
from gradsim.experiment.experiment import Experiment
from gradsim.simulation.actions import Advance, Back, Grain, Visit
from gradsim.simulation.run import Position
from gradsim.simulation.session import Session

BACK, JUMPS = 300, 20


def digest(session: Session) -> str:
    """The weights at the cursor."""
    return sha256(session.network().parameters.values.data).hexdigest()


def main(size: str = "50x128x128", kind: str = "plain", steps: str = "1000") -> None:
    """Train, go back step by step, jump; print what it took."""
    session = Session(Experiment.of(Case(*sized(size), kind=kind).settings()))
    wanted, count = [digest(session)], int(steps)
    for _ in range(count):
        session.do(Advance(Grain.STEP))
        wanted.append(digest(session))
    memory = getrusage(RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{size} {kind}, {count} steps: {session.memory.words()}; process {memory:.0f} MB")
    times = []
    for _ in range(min(BACK, count)):
        begun = process_time()
        session.do(Back(Grain.STEP))
        found = digest(session)
        times.append(process_time() - begun)
        assert found == wanted[session.cursor.step], session.cursor
    times.sort()
    print(
        f"{len(times)} steps back, one by one: median {1e3 * times[len(times) // 2]:.1f} ms, "
        f"95 % under {1e3 * times[int(0.95 * len(times))]:.1f} ms, longest {1e3 * times[-1]:.0f} ms"
    )
    longest, random = 0.0, Random(0)
    for _ in range(JUMPS):
        step = random.randrange(count + 1)
        begun = process_time()
        session.do(Visit(0, Position(step, 0)))
        found = digest(session)
        longest = max(longest, process_time() - begun)
        assert found == wanted[step], step
    print(f"{JUMPS} jumps anywhere: the longest {longest:.2f} s; every weight equal to the bit")
    print(f"then {session.memory.words()}; process {getrusage(RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    with threadpool_limits(1):
        main(*sys.argv[1:])
