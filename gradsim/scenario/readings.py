"""The report with what an expectation asks for beside it: that is worked out only then."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from gradsim.insight.clip_advisor import advise
from gradsim.insight.clip_advisor import plain as plain_advice
from gradsim.insight.first_cause import first_cause
from gradsim.insight.first_cause import plain as plain_cause
from gradsim.insight.report import report
from gradsim.simulation.session import Session


def readings(session: Session, names: Iterable[str]) -> dict[str, Any]:
    """Everything in which these quantities are found: what `--json` prints of them."""
    numbers = report(session)
    heads = {name.partition(".")[0] for name in names}
    if "clip_advice" in heads:
        numbers["clip_advice"] = plain_advice(advise(session))
    if "first_cause" in heads:
        cause = first_cause(session)
        numbers["first_cause"] = plain_cause(cause) if cause else {}
    if "memory" in heads:
        numbers["memory"] = asdict(session.memory) | {"used": session.memory.used}
    return numbers
