"""A scenario to begin with: commented, right as it is, and with a control that fails."""

from gradsim.scenario.words import plain

_TEXT = """\
# A scenario: a lesson, a demo and a test in one file.
#   gradsim check NAME.toml --control    plays it and measures what it expects
#   gradsim play NAME.toml               plays it in the app
# Every step, key and quantity: docs/reference.md, or gradsim explain. All below may be changed.

title = "TITLE"
about = "Ten sigmoid layers starve the first one. One switch feeds it."
source = "Hochreiter 1991; Glorot, Bengio 2010"

# The network, its data and its training. gradsim list knobs names all; the others are as they come.
[experiment]
data = "digits"
depth = 10
width = 32
activation = "sigmoid"
initializer = "glorot-normal"
batch-size = 32
seed = 0

# The cure taken out: with this knob held throughout, an expectation below must fail.
[control]
hold = { activation = "sigmoid" }
why = "With the sigmoid kept, nothing brings the gradient back."

# Steps are done in their order; each does one thing.
[[steps]]
chapter = "One pass"

[[steps]]
say = "Ten layers, each with a sigmoid. Numbers go forward; then the gradient comes back."

# Predict first: in the app this waits for an answer. A long step may have a table of its own.
[[steps]]
[steps.ask]
question = "How much of the gradient of layer 10 reaches layer 1?"
choices = ["about half of it", "less than a thousandth", "more than it"]
answer = "less than a thousandth"
explanation = "Each sigmoid takes three quarters of it or more, and there are nine on the way."

# Forward, loss, backward: three phases of a training step.
[[steps]]
run = { phases = 3 }

[[steps]]
expect = { quantity = "shape", is = "vanishing" }

# One quantity against another; gradsim explain delta_norm says what it is.
[[steps]]
[steps.expect]
quantity = "delta_norm"
layer = 1
below = { quantity = "delta_norm", layer = 10, factor = 1e-3 }

# This run goes on beside the next one, on the same batches.
[[steps]]
pin = true

[[steps]]
chapter = "The repair"

[[steps]]
set = { activation = "tanh" }

[[steps]]
show = { view = "compare" }

[[steps]]
say = "Tanh has a slope of 1 at zero: the gradient comes through. The pinned run is beside it."

# Until a condition holds; that it does within the limit is an expectation too.
[[steps]]
run = { until = "loss < 1.5", limit = 200 }

[[steps]]
expect = { quantity = "loss", below = { quantity = "loss", run = "pinned" } }

# Every layer must be so. Leave room in what you expect: other machines round otherwise.
[[steps]]
expect = { quantity = "saturated", layers = "all", below = 0.5 }
"""


def starter(name: str) -> str:
    """The text of a scenario of this name."""
    title = plain(name.replace("-", " ").replace("_", " ")).strip() or "a scenario"
    quoted = (title[:1].upper() + title[1:]).replace("\\", "\\\\").replace('"', '\\"')
    return _TEXT.replace("NAME", plain(name)).replace("TITLE", quoted)
