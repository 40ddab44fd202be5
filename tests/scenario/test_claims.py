"""Claims: what a scenario expects, and what has become of it."""

from gradsim.scenario.claims import Claim, claims, tally
from gradsim.scenario.player import Player
from gradsim.scenario.reading import parse

TEXT = """
title = "Two claims"
[experiment]
depth = 2
width = 4
[[steps]]
say = "One step."
[[steps]]
run = { steps = 1 }
[[steps]]
expect = { quantity = "loss", below = 100.0 }
[[steps]]
expect = { quantity = "loss", below = 0.001 }
"""


def test_a_claim_is_to_come_until_it_is_measured() -> None:
    scenario = parse(TEXT, "two.toml")
    player = Player(scenario)
    assert claims(scenario) == [Claim("loss below 100"), Claim("loss below 0.001")]
    assert tally(claims(scenario)) == "2 claims: 2 to come"
    for _ in range(3):
        player.do_next()
    first, second = claims(scenario, player.results)
    assert (first.passed, second.passed) == (True, None)
    assert float(first.measured) == float(f"{player.session.look().loss:.6g}")
    player.do_next()
    found = claims(scenario, player.results)
    assert [claim.passed for claim in found] == [True, False]
    assert tally(found) == "2 claims: 1 held, 1 did not hold"
    assert tally([]) == "no claims"
