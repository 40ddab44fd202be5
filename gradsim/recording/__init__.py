"""Recordings: what a scenario shows, kept as a film, and the kinds of file it is written into."""
