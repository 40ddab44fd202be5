"""Remedies: changes to an experiment, really tried, and ranked by what came of them."""
