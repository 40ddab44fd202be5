"""`gradsim record`: a scenario played without a terminal, and written into a file."""

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradsim.cli.looks import MARKERS, THEMES
from gradsim.cli.size import size as read_size
from gradsim.cli.terminal import Progress, note
from gradsim.errors import InputError

if TYPE_CHECKING:
    from gradsim.recording.film import Film, Shot
    from gradsim.recording.kinds import Kind
    from gradsim.scenario.format import Scenario

DEFAULT_SIZE = "120x36"
SLOWEST, FASTEST = 0.1, 20.0
BAR = 24
"""Columns of the bar that shows how far it is."""


@click.command(
    short_help="Record a scenario as asciicast, GIF, web page, picture or text.",
    epilog="What is said stays for a second, and a third of one for each word; a run of one or two "
    "steps goes op by op, a longer one at 12 steps a second, or in 4 to 8 seconds if it has more "
    "than 50. The same scenario gives the same bytes each time.",
)
@click.argument("scenario", metavar="FILE|NAME")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Where it goes. The ending says what it is: .cast (asciinema), .gif, .html (a page that "
    "plays it without a network), .txt (frames of text), .svg and .png (one picture).",
)
@click.option(
    "--size",
    metavar="WIDTHxHEIGHT",
    default=DEFAULT_SIZE,
    help=f"Columns and lines of the terminal. Default: {DEFAULT_SIZE}.",
)
@click.option("--speed", metavar="FACTOR", default="1", help="Times the usual speed. Default: 1.")
@click.option(
    "--at",
    metavar="SECONDS|chapter:N",
    help="Which picture, for .svg, .png and .txt: the one at so many seconds, or the last of a "
    "chapter. Default: the last of all; for .txt every picture that stays.",
)
@click.option("--theme", type=click.Choice(THEMES[:3]), default="dark", help="Colors of the app.")
@click.option(
    "--markers", type=click.Choice(MARKERS), default="braille", help="What curves are drawn with."
)
def record(
    scenario: str,
    output: str | None,
    size: str,
    speed: str,
    at: str | None,
    theme: str,
    markers: str,
) -> None:
    """Record a scenario: a file, the name of one that comes with gradsim, or a session's name."""
    width, height = read_size(size, DEFAULT_SIZE)
    factor = _factor(speed)
    if output is None:
        raise InputError(f"say where it goes: gradsim record {scenario} -o {_example(scenario)}")

    from gradsim.files import check_place, write_whole  # noqa: PLC0415
    from gradsim.recording.kinds import kind_of  # noqa: PLC0415

    kind = kind_of(output)
    if at is not None and kind.still is None:
        raise InputError(
            f"--at picks one picture, for .svg, .png and .txt; {output} holds them all"
        )
    moment = _moment(at)
    path = Path(output)
    check_place(path)
    if kind.pixels:
        from gradsim.recording.pixels import check_library  # noqa: PLC0415

        check_library()
    found = _found(scenario)
    progress = Progress()
    try:
        film = _filmed(found, width, height, theme, markers, progress).faster(factor)
        content = _content(film, kind, moment, progress)
    finally:
        progress.clear()
    write_whole(path, content)
    length = f", {film.seconds:.0f} s" if kind.whole and at is None else ""
    note(f"written: {output}{length}, {len(content) / 1e3:,.0f} kB")


def _example(scenario: str) -> str:
    return f"{Path(scenario).stem or 'recording'}.cast"


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not isfinite(factor) or not SLOWEST <= factor <= FASTEST:
        raise InputError(
            f'--speed is "{text}", but must be a number from {SLOWEST:g} to {FASTEST:g}, such as 2'
        )
    return factor


def _moment(text: str | None) -> tuple[str, float]:
    """What `--at` asks for: `seconds` or `chapter` with its number, or the end."""
    if text is None:
        return "end", 0.0
    kind, number = "seconds", text
    if text.startswith("chapter:"):
        kind, number = "chapter", text.removeprefix("chapter:")
    try:
        value = float(number) if kind == "seconds" else float(int(number))
    except ValueError:
        value = -1.0
    if not isfinite(value) or value < (kind == "chapter"):
        raise InputError(f'--at is "{text}", but must be seconds, such as 12.5, or chapter:2')
    return kind, value


def _found(name: str) -> "Scenario":
    """The scenario in a file or of this name; else the session of this name."""
    from gradsim.keeping.folders import sessions_folder  # noqa: PLC0415
    from gradsim.scenario.shelf import find, is_there, shipped  # noqa: PLC0415

    kept = sessions_folder() / f"{name}.toml"
    if not is_there(name) and name not in shipped() and is_there(str(kept)):
        return find(str(kept))
    return find(name)


def _filmed(
    found: "Scenario", width: int, height: int, theme: str, markers: str, progress: Progress
) -> "Film":
    from gradsim.keeping.preferences import DEFAULTS  # noqa: PLC0415
    from gradsim.tui.filming import film  # noqa: PLC0415

    def report(done: int, of: int, seconds: float) -> None:
        progress.show(f"{_bar(done, of)} step {done} of {of}, {seconds:.0f} s of film")

    looks = DEFAULTS.having("theme", theme).having("markers", markers)
    return film(found, width, height, looks, report)


def _content(film: "Film", kind: "Kind", moment: tuple[str, float], progress: Progress) -> bytes:
    def report(done: int, of: int) -> None:
        progress.show(f"{_bar(done, of)} picture {done} of {of} is drawn")

    if kind.still and (moment[0] != "end" or kind.whole is None):
        return kind.still(film, _shot(film, *moment))
    assert kind.whole is not None
    return kind.whole(film, report)


def _shot(film: "Film", kind: str, value: float) -> "Shot":
    """The picture asked for. Raises InputError where the film has none there."""
    if kind == "end":
        return film.shots[-1]
    if kind == "seconds":
        if value > film.seconds:
            raise InputError(f"--at is {value:g}, but the recording ends at {film.seconds:.1f} s")
        return film.at(value)
    number, chapters = int(value), film.chapters
    if number > len(chapters):
        has = f"{len(chapters)} chapters" if len(chapters) > 1 else "one chapter"
        raise InputError(f"--at is chapter:{number}, but the scenario has {has}")
    ends = [*(mark.seconds for mark in chapters[1:]), film.seconds + 1]
    return [shot for shot in film.shots if shot.seconds < ends[number - 1]][-1]


def _bar(done: int, of: int) -> str:
    full = BAR * done // max(of, 1)
    return "█" * full + "░" * (BAR - full)
