"""A film as frames of text: those that stay long enough to be looked at."""

from gradsim.recording.film import Film, Shot, plain

LONG_ENOUGH = 0.5
"""Seconds; a picture that stays shorter is part of a movement."""


def frames(film: Film) -> bytes:
    """Each picture that stays, under a rule that says when it is shown and at which step."""
    kept = [
        shot for shot, stays in film.lasting() if stays >= LONG_ENOUGH or shot is film.shots[-1]
    ]
    return "".join(frame(film, shot) for shot in kept).encode()


def frame(film: Film, shot: Shot) -> str:
    """One picture under its rule."""
    said = f", {shot.caption}" if shot.caption else ""
    rule = f"── {shot.seconds:.2f} s{said} ".ljust(film.width, "─")
    return "\n".join([rule, *(plain(row) for row in shot.picture)]) + "\n"
