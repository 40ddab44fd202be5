"""What is bundled is what its makers gave out, to the byte, and runs nothing from a recording."""

import re
from hashlib import sha256
from importlib.resources import files

import pytest

PLAYER = files("gradsim.recording") / "player"
NOTED = re.findall(r"^    ([0-9a-f]{64})  (\S+)$", (PLAYER / "README.md").read_text("utf-8"), re.M)


@pytest.mark.parametrize(("digest", "name"), NOTED, ids=[name for _, name in NOTED])
def test_the_player_is_as_it_was_given_out(digest: str, name: str) -> None:
    assert sha256((PLAYER / name).read_bytes()).hexdigest() == digest


def test_every_file_of_the_player_is_noted() -> None:
    there = {file.name for file in PLAYER.iterdir() if file.name.startswith("asciinema")}
    assert there == {name for _, name in NOTED}
    assert len(there) == 2


def test_no_text_becomes_code_in_the_page() -> None:
    script = (PLAYER / "asciinema-player.min.js").read_text("utf-8")
    for pattern in (
        r"\beval\s*\(",
        r"\bnew\s+Function\b",
        r"\bimportScripts\b",
        r"document\.write",
    ):
        assert not re.search(pattern, script)
    page = (files("gradsim.recording") / "page.html").read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert "'unsafe-eval'" not in rules["script-src"].split()
    assert rules["connect-src"] == "data:"
