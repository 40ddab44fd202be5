"""Which two changes are tried together: those that did best alone, and those that are kin."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from gradsim.insight.remedies.candidates import Candidate

KIN: tuple[tuple[str, str], ...] = (
    ("relu", "he-normal"),
    ("leaky-relu", "he-normal"),
    ("selu", "lecun-normal"),
    ("relu", "identity over time"),
)
"""An activation and the start made for it: alone neither may do any good.

Sources: He, Zhang, Ren, Sun 2015; Klambauer et al. 2017; Le, Jaitly, Hinton 2015 for the last.
"""

Couple = tuple[Candidate, Candidate]


def couples(ranked: Sequence[Candidate]) -> Iterator[Couple]:
    """Couples of single changes in the order in which they deserve to be tried.

    `ranked` are the single changes, best first. First come those that are KIN; then all that set
    different knobs, by the sum of their ranks, so that 1 + 2 comes before 1 + 3, and 2 + 3 with
    1 + 4.
    """
    place = {candidate.name: rank for rank, candidate in enumerate(ranked)}
    kin = [(place[a], place[b]) for a, b in KIN if a in place and b in place]
    known = {frozenset(two) for two in kin}
    rest = [two for two in combinations(range(len(ranked)), 2) if frozenset(two) not in known]
    for first, second in (*kin, *sorted(rest, key=lambda two: (sum(two), two))):
        one, other = ranked[first], ranked[second]
        if not one.knobs & other.knobs:
            yield one, other
