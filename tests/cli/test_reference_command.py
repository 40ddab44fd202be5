"""`gradsim reference`: the page in docs is what it prints, and nothing declared is missing."""

from itertools import pairwise
from pathlib import Path

import pytest

from gradsim.cli.main import run
from gradsim.experiment.experiment import KNOBS, Experiment
from gradsim.insight.report import KEYS, jsonable, report
from gradsim.scenario.expecting import AGGREGATES, COMPARISONS, Expectation
from gradsim.scenario.format import Control, Sheet
from gradsim.scenario.quantities import QUANTITIES
from gradsim.scenario.quantity_paths import BY_PATH
from gradsim.scenario.steps import STEPS, Going, Look, OfLayers, Place, Question
from gradsim.simulation.session import Session

STORED = Path(__file__).parents[2] / "docs" / "reference.md"


@pytest.fixture
def page(capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["reference"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_the_page_in_docs_is_what_the_command_prints(page: str) -> None:
    assert STORED.read_text(encoding="utf-8").splitlines() == page.splitlines(), (
        "write it anew: gradsim reference > docs/reference.md"
    )


def test_nothing_declared_is_missing(page: str) -> None:
    rows = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    for names in (KNOBS, STEPS, COMPARISONS, QUANTITIES, BY_PATH, KEYS, AGGREGATES):
        assert set(names) <= rows
    for part in (Sheet, Control, Question, Going, Look, OfLayers, Place, Expectation):
        for field in part.model_fields.values():
            assert field.alias in rows
            assert field.description, (part, field.alias)
            assert field.description in page
    assert all(kind.EXAMPLE in page for kind in STEPS.values())
    for knob in KNOBS.values():
        assert knob.help in page
        assert set(knob.choices) <= rows


def test_every_row_of_a_table_has_the_cells_of_its_head(page: str) -> None:
    lines = page.splitlines()
    for above, line in pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            bars = [text.replace("\\|", "").count("|") for text in (above, line)]
            assert bars[0] == bars[1], line


def test_the_keys_of_the_report_are_those_that_are_explained() -> None:
    full = jsonable(report(Session(Experiment.of({"depth": 2, "width": 4, "batch-size": 8}))))
    assert list(full) == list(KEYS)
