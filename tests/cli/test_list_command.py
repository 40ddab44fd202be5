"""`gradsim list`: nothing that is registered is missing, each with its formula and source."""

from collections.abc import Mapping
from typing import Any

import pytest

from gradsim.cli.listing import LISTS
from gradsim.cli.main import run
from gradsim.experiment.experiment import DEFAULTS, KNOBS
from gradsim.experiment.sequences import SEQUENCES
from gradsim.experiment.sources import DATA_SETS
from gradsim.nn.activations import ACTIVATIONS
from gradsim.nn.clipping import CLIPS
from gradsim.nn.initializers import INITIALIZERS
from gradsim.nn.losses import LOSSES
from gradsim.nn.normalization import NORMALIZATIONS
from gradsim.nn.optimizers import OPTIMIZERS
from gradsim.nn.skips import SKIPS
from gradsim.scenario.shelf import shipped

REGISTRIES: dict[str, Mapping[str, Any]] = {
    "activations": ACTIVATIONS,
    "initializers": INITIALIZERS,
    "normalizations": NORMALIZATIONS,
    "skips": SKIPS,
    "clips": CLIPS,
    "optimizers": OPTIMIZERS,
    "losses": LOSSES,
}


def rows(capsys: pytest.CaptureFixture[str], *what: str) -> dict[str, str]:
    """The lines of a list by their first word, without the head."""
    assert run(["list", *what]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()[1:]
    return {line.split()[0]: line for line in lines}


@pytest.mark.parametrize("what", REGISTRIES)
def test_every_part_has_its_formula_and_its_source(
    what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(capsys, what)
    assert set(found) - {"none"} == set(REGISTRIES[what])
    for name, part in REGISTRIES[what].items():
        assert f"  {part.formula}  " in found[name]
        assert found[name].endswith(f"  {part.source}")
        assert part.source


def test_activations_have_their_slopes(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, "activations")
    assert all(f"  {part.slope_formula}  " in found[name] for name, part in ACTIVATIONS.items())


def test_none_is_listed_where_it_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    for what in REGISTRIES:
        knob = KNOBS["loss" if what == "losses" else what.removesuffix("s")]
        assert set(rows(capsys, what)) == set(knob.choices)


def test_data_knobs_and_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    data = rows(capsys, "data")
    known = DATA_SETS | SEQUENCES
    assert set(data) == set(known)
    assert all(part.source in data[name] for name, part in known.items())
    knobs = rows(capsys, "knobs")
    assert set(knobs) == set(KNOBS)
    assert all(knob.help in knobs[name] for name, knob in KNOBS.items())
    assert all(str(DEFAULTS[name]) in knobs[name] for name in KNOBS)
    assert set(rows(capsys, "scenarios")) == set(shipped())


@pytest.mark.parametrize("what", LISTS)
def test_columns_are_aligned(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", what]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    starts = [n for n in range(2, len(head)) if head[n - 2 : n] == "  " and head[n] != " "]
    assert starts
    for line in lines:
        assert all(line[n - 2 : n] == "  " for n in starts if len(line) > n), line


def test_without_a_name_all_lists_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(rows(capsys)) == set(LISTS)


def test_an_unknown_list_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "activation"]) == 2
    assert capsys.readouterr() == (
        "",
        'gradsim: there is no list "activation"; did you mean "activations"?\n',
    )
