"""`gradsim lessons`: the lessons in the order of the course, and how far one has come."""

import sys

import click

from gradsim.cli.screen import columns

OTHERS = "Others"
"""What stands over the lessons that belong to no part of the course."""


@click.command(short_help="List the lessons in their order, and how far you have come.")
def lessons() -> None:
    """List the lessons in the order of the course, by its parts, and how far you have come."""
    from gradsim.keeping.folders import progress_file  # noqa: PLC0415
    from gradsim.keeping.progress import read  # noqa: PLC0415
    from gradsim.scenario import shelf  # noqa: PLC0415

    known = read(progress_file())
    found = [shelf.find(name) for name in shelf.lessons()]
    wide = max(len(lesson.name) for lesson in found)
    # Where there is room the title stands beside the name, else below it.
    beside = columns(sys.stdout) >= wide + 80
    part = ""
    for lesson in found:
        if (lesson.part or OTHERS) != part:
            part = lesson.part or OTHERS
            click.echo(f"\n{part}" if lesson is not found[0] else part)
        standing = known.get(lesson.name)
        sign = "·" if standing is None else "✓" if standing.finished else "▸"
        words = standing.words if standing else "new"
        length = f", {lesson.minutes:g} min" if lesson.minutes else ""
        if beside:
            click.echo(
                f"{sign} {lesson.name.ljust(wide)}  {words.ljust(18)}  {lesson.title}{length}"
            )
        else:
            click.echo(f"{sign} {lesson.name.ljust(wide)}  {words}")
            click.echo(f"    {lesson.title}{length}")
    done = [lesson for lesson in found if (s := known.get(lesson.name)) and s.finished]
    left = [lesson for lesson in found if lesson not in done]
    going_on = f"; the next: gradsim play {left[0].name}" if left else ""
    click.echo(f"\n{len(done)} of {len(found)} done{going_on}")
