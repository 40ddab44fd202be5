"""The memory that a session may use to remember: one number, and how it is shared out."""

from dataclasses import dataclass

from gradsim.errors import InputError

MIB = 2**20
RECENT = 4096
LEAST, MOST = 16, 1024 * 1024
"""Bounds of a budget, in MiB."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes for what is kept of the past, besides the network itself.

    `keyframes` go to the run at hand, `left` to those that were left and can be returned to,
    `tables` to the numbers of each layer at the latest steps.
    """

    total: int = 384 * MIB
    steps: int = RECENT
    """The latest steps that keep all of their numbers; a report of every step needs all."""

    def text(self) -> str:
        """`384 MiB`."""
        return f"{self.total // MIB} MiB"

    @property
    def keyframes(self) -> int:
        """Three quarters."""
        return self.total * 3 // 4

    @property
    def left(self) -> int:
        """An eighth, for all of them together."""
        return self.total // 8

    @property
    def tables(self) -> int:
        """An eighth."""
        return self.total // 8


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """What a session holds in memory of its past, in bytes."""

    budget: int
    keyframes: int
    """Checkpoints of all runs, each counted once."""
    tables: int
    """Tables of layers of all runs, each counted once."""
    checkpoints: int
    """How many there are."""

    @property
    def used(self) -> int:
        """All of it."""
        return self.keyframes + self.tables

    def words(self) -> str:
        """`12.3 of 384 MiB, 31 checkpoints`."""
        return f"{self.used / MIB:.1f} of {self.budget / MIB:g} MiB, {self.checkpoints} checkpoints"


def budget_of(text: str, where: str) -> Budget:
    """The budget of a text in MiB, `384` or `384 MiB`.

    Raises InputError, naming `where` it stands, for any other.
    """
    count = text.strip().removesuffix("MiB").strip()
    if not (count.isdecimal() and len(count) < 20 and LEAST <= int(count) <= MOST):
        raise InputError(
            f'{where} is "{text}", but must be a whole number of MiB from {LEAST} to {MOST}'
        )
    return Budget(int(count) * MIB)
