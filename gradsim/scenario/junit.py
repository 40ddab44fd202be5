"""What was checked as JUnit XML, which test servers read: a suite for each file."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gradsim.scenario.checked import Verdict
from gradsim.scenario.expectations import Outcome
from gradsim.scenario.words import plain


def junit(found: Sequence[Verdict], now: datetime | None = None) -> bytes:
    """The XML. It is right by the schema of Ant's JUnit task and by that of Jenkins' xUnit plugin.

    Each expectation is a test case; the control is one too, and fails where nothing fails in it.
    """
    root = Element("testsuites")
    stamp = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S")
    for index, verdict in enumerate(found):
        _suite(root, index, verdict, stamp)
    indent(root)
    text: str = tostring(root, "unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _suite(root: Element, index: int, verdict: Verdict, stamp: str) -> None:
    one, control = verdict.checked, verdict.control
    path = plain(one.path)
    suite = SubElement(root, "testsuite", id=str(index), name=path, package=_package(one.path))
    SubElement(suite, "properties")
    for outcome in one.outcomes:
        case = _case(suite, path, f"line {outcome.line}: {outcome.sentence}", 0.0)
        if not outcome.passed:
            _failure(case, outcome, path)
    if control is not None and control.hold is not None and not verdict.problems:
        held = ", ".join(f"{name} {value}" for name, value in control.hold.items())
        case = _case(suite, path, f"control: {held}", control.seconds)
        if verdict.idle:
            words = "every expectation still holds, so they show nothing"
            SubElement(case, "failure", type="control", message=words).text = f"{path}: {words}"
    if verdict.problems:
        case = _case(suite, path, "the file", 0.0)
        first, *_ = problems = [plain(problem) for problem in verdict.problems]
        SubElement(case, "error", type="input", message=first).text = "\n".join(problems)
    cases = suite.findall("testcase")
    if cases and not verdict.problems:
        # All of a file is played at once: the first of its cases has the time.
        cases[0].set("time", _seconds(one.seconds))
    SubElement(suite, "system-out")
    SubElement(suite, "system-err")
    for name, value in {
        "tests": len(cases),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
        "time": _seconds(one.seconds + (control.seconds if control else 0.0)),
        "timestamp": stamp,
        "hostname": "localhost",
    }.items():
        suite.set(name, str(value))


def _package(path: str) -> str:
    return plain(PurePath(path).parent.as_posix())


def _case(suite: Element, path: str, name: str, seconds: float) -> Element:
    return SubElement(suite, "testcase", classname=path, name=plain(name), time=_seconds(seconds))


def _failure(case: Element, outcome: Outcome, path: str) -> None:
    words = plain(outcome.words())
    failure = SubElement(case, "failure", type="expectation", message=words)
    failure.text = f"{path}:{outcome.line}: {words}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
