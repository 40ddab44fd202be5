"""Bounds of scenarios that others need too, without the format itself, which is slow to load."""

MOST = 1_000_000
"""As far as one step of a scenario may run."""
