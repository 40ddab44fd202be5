"""What was checked, as plain values, as JUnit XML, and played in worker processes."""

import json
import pickle
import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
from executors import Direct

from gradsim.cli.main import run
from gradsim.scenario.checked import Checked, Verdict, checked, checked_control, plain, verdicts
from gradsim.scenario.junit import junit

SMALL = """\
title = "Small & <sharp>"
[experiment]
depth = 6
width = 8
batch-size = 16
activation = "relu"
initializer = "he-normal"
learning-rate = 1e300
[control]
hold = { activation = "sigmoid" }
[[steps]]
chapter = "One"
[[steps]]
ask = { question = "Up\\nor down?", choices = ["up", "down"], answer = "down", explanation = "e" }
[[steps]]
expect = { quantity = "shape", is = "healthy" }
[[steps]]
run = { steps = 3 }
[[steps]]
expect = { quantity = "loss", finite = true }
"""

IDLE = SMALL.replace('hold = { activation = "sigmoid" }', "hold = { learning-rate = 1e300 }")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "right.toml").write_text(
        SMALL.replace("finite = true", "finite = false"), encoding="utf-8"
    )
    idle = IDLE.replace("finite = true", "finite = false")
    (tmp_path / "idle.toml").write_text(idle, encoding="utf-8")
    (tmp_path / "bad.toml").write_text('title = "\\u001b"\n[[steps]]\nsya = 1\n', encoding="utf-8")
    return tmp_path


NAMES = ("a.toml", "bad.toml", "right.toml", "idle.toml")


def found() -> list[Verdict]:
    return list(verdicts(NAMES, True, Direct()))


def test_what_was_said_and_measured_in_the_order_of_the_steps(folder: Path) -> None:
    one = checked("a.toml")
    assert (one.path, one.title, one.hold) == (
        "a.toml", "Small & <sharp>", {"activation": "sigmoid"},
    )  # fmt: skip
    assert [told.line for told in one.told] == [12, 14, 16, 20]
    assert [outcome.passed for outcome in one.outcomes] == [True, False]
    assert not checked_control("a.toml").outcomes[0].passed


def test_it_goes_through_to_another_process_and_back(folder: Path) -> None:
    for one in (checked("a.toml"), checked("bad.toml")):
        # As text, since NaN is not equal to itself.
        assert repr(pickle.loads(pickle.dumps(one))) == repr(one)


def test_a_control_that_fails_nothing_is_idle(folder: Path) -> None:
    assert [verdict.idle for verdict in found()] == [False, False, False, True]
    assert Verdict(Checked("x")).idle is False


def test_json_has_every_expectation_and_no_value_that_is_not_finite(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "a.toml", "bad.toml", "--control", "--json"]) == 2
    out, err = capsys.readouterr()
    assert len(err.splitlines()) >= 2
    printed = json.loads(out)
    assert printed["schema"] == "gradsim/check/1"
    one, bad = printed["scenarios"]
    shape, loss = one["expectations"]
    assert shape == {
        "line": 16, "expected": "shape is healthy", "value": "healthy",
        "measured": "healthy", "passed": True,
    }  # fmt: skip
    assert (loss["value"], loss["passed"]) == (None, False)
    assert loss["measured"] in ("NaN", "infinity")
    assert one["control"]["fails"]
    assert bad["expectations"] == []
    assert any('there is no step "sya"' in problem for problem in bad["problems"])
    assert plain(found())["scenarios"][0] == one


# What both Ant's schema and that of Jenkins' xUnit plugin ask for.
ATTRIBUTES = {
    "testsuites": set(),
    "testsuite": {
        "id", "name", "package", "tests", "failures", "errors", "time", "timestamp", "hostname",
    },
    "testcase": {"classname", "name", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "properties": set(),
    "system-out": set(),
    "system-err": set(),
}  # fmt: skip
CHILDREN = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"properties (testcase )*system-out system-err ",
    "testcase": r"((failure|error) )?",
}


def validate(element: Element) -> None:
    assert set(element.attrib) == ATTRIBUTES[element.tag]
    children = "".join(f"{child.tag} " for child in element)
    assert re.fullmatch(CHILDREN.get(element.tag, ""), children), (element.tag, children)
    for name in ("id", "tests", "failures", "errors"):
        assert name not in element.attrib or element.attrib[name].isdecimal()
    if "time" in element.attrib:
        assert re.fullmatch(r"[0-9]{1,3}\.[0-9]{3}", element.attrib["time"])
    if "timestamp" in element.attrib:
        assert element.attrib["timestamp"] == "2026-01-02T03:04:05"
    for child in element:
        validate(child)


def test_junit_is_valid_and_complete(folder: Path) -> None:
    text = junit(found(), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    root = fromstring(text)
    validate(root)
    counts = [(s.get("tests"), s.get("failures"), s.get("errors")) for s in root]
    assert counts == [("3", "1", "0"), ("1", "0", "1"), ("3", "0", "0"), ("3", "1", "0")]
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.text is not None
    assert failure.text.startswith("a.toml:20: loss finite, measured ")
    assert [s.get("id") for s in root] == ["0", "1", "2", "3"]


def test_junit_is_written_where_it_is_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "right.toml", "--junit", "out.xml"]) == 0
    root = fromstring((folder / "out.xml").read_bytes())
    assert [case.get("name") for case in root.iter("testcase")] == [
        "line 16: shape is healthy",
        "line 20: loss not finite",
    ]
    assert run(["check", "right.toml", "--junit", "nowhere/out.xml"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_worker_processes_say_the_same_in_the_same_order(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradsim.insight.workers.cores", lambda: 1)
    assert run(["check", "--control", *NAMES]) == 2
    alone = capsys.readouterr()
    monkeypatch.setattr("gradsim.insight.workers.cores", lambda: 2)
    assert run(["check", "--control", *NAMES]) == 2
    assert capsys.readouterr() == alone
    assert [line for line in alone.out.splitlines() if not line.startswith(" ")] == [
        "a.toml: Small & <sharp>",
        "right.toml: Small & <sharp>",
        "idle.toml: Small & <sharp>",
        "3 scenarios: 5 passed, 1 failed, 1 control without effect, 1 wrong file",
    ]
