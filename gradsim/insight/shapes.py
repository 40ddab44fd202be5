"""The names of what a gradient profile can be, without the verdict, which takes time to load."""

from enum import StrEnum


class Shape(StrEnum):
    """What a gradient profile can be; exactly one holds."""

    VANISHING = "vanishing"
    EXPLODING = "exploding"
    HEALTHY = "healthy"
    DEAD = "dead"
    NOT_FINITE = "not-finite"
