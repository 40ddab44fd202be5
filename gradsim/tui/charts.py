"""Keys of the charts of the flow: what each of them comes to, and what is said of it."""

from dataclasses import replace

from gradsim.numbers import number
from gradsim.tui.settings import Settings
from gradsim.view import history, profile
from gradsim.view.frame import Frame


def looked_at(settings: Settings, what: str, frame: Frame) -> tuple[Settings, str]:
    """The settings with the charts looked at in another way, and a sentence about it.

    `what` is `linear`, `fixed`, `sorted`, `nearer` or `farther`.
    """
    before = after = settings.charts
    if what == "linear":
        # Limits of one scale say nothing on the other: 0 has no place on decades.
        after = replace(before, linear=not before.linear, fixed={})
        said = "norms on a linear axis" if after.linear else "norms in decades"
    elif what == "fixed":
        fixed = (
            {}
            if before.fixed
            else {"profile": profile.limits(frame, before), **history.limits(frame, before)}
        )
        after = replace(before, fixed=fixed)
        said = "axes follow the curves again"
        if fixed:
            low, high = fixed["profile"]
            said = f"axes stay as they are: the profile from {number(low)} to {number(high)}"
    elif what == "sorted":
        after = replace(before, sorted=not before.sorted)
        noun = f"{frame.lane.noun}s"
        said = f"{noun} by size of their gradient" if after.sorted else f"{noun} in their order"
    else:
        after = before.nearer(frame.depth) if what == "nearer" else before.farther()
        first, last = after.section(frame.depth, min(frame.selected() + 1, frame.depth))
        said = f"{frame.lane.noun}s {first} to {last} of {frame.depth}"
        if after == before:
            said += ": no nearer" if what == "nearer" else ": that is all"
    return replace(settings, charts=after), said
