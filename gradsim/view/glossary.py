"""The glossary: every term on screen in one line, with its formula where it has one."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gradsim.experiment.experiment import KNOBS


@dataclass(frozen=True, slots=True)
class Term:
    """A term: the names it has on screen, a line on it, its formula or nothing."""

    names: tuple[str, ...]
    words: str
    formula: str = ""

    @property
    def text(self) -> str:
        """All of it in a sentence: `delta: gradient of ...; delta = dL/dz`."""
        return f"{self.names[0]}: {self.words}" + (f"; {self.formula}" if self.formula else "")


def _terms() -> tuple[Term, ...]:
    return (
        Term(
            ("delta", "activation gradient", "activation grad"),
            "gradient of the loss with respect to a layer's pre-activation; its norm is shown",
            "delta_l = dL/dz_l, z_l = W_l x + b_l",
        ),
        Term(
            ("grad W", "weight gradient", "weight grad", "weights"),
            "gradient of the loss with respect to a layer's weights; its norm is shown",
            "dL/dW_l",
        ),
        Term(
            ("state gradient", "state grad"),
            "gradient of the loss with respect to the state of a recurrent layer at a time step",
            "dL/dh_t",
        ),
        Term(("W",), "the layer's weights; their norm", "sqrt(sum of W^2)"),
        Term(
            ("update/W",),
            "how far the last step moved the weights, as a share of them",
            "|dW| / |W|",
        ),
        Term(
            ("saturated",),
            "share of pre-activations at which the activation is nearly flat",
            "|phi'(z)| < 0.05 max |phi'|",
        ),
        Term(
            ("dead",),
            "share of units without any slope in this batch; as a verdict: no gradient arrives",
            "phi'(z) = 0 in every row",
        ),
        Term(("norm", "gradient norm"), "length of all entries together", "sqrt(sum of g^2)"),
        Term(
            ("decades", "decade"),
            "powers of ten: -2 decades is a hundredth, +3 a thousandfold",
            "log10(after / before)",
        ),
        Term(
            ("reach", "reach decades", "reach_decades"),
            "what is left at layer 1 of the delta of the last hidden layer",
            "|delta_1| / |delta_L|",
        ),
        Term(
            ("per layer", "per time step", "slope"),
            "mean change of the gradient on its way back, in decades",
            "least-squares slope of log10 |delta_l|",
        ),
        Term(
            ("chi",),
            "factor by which theory expects the squared gradient norm to change in a layer",
            "chi = sigma_w^2 E[phi'(sqrt(q) z)^2]",
        ),
        Term(
            ("theory", "theory at the start"),
            "the profile that mean-field theory predicts for wide networks at the start",
            "chi per layer, from the length q of the signal",
        ),
        Term(
            ("vanishing",),
            "verdict: less than a thirtieth of the gradient is left at layer 1",
            "reach < 10^-1.5",
        ),
        Term(
            ("exploding",),
            "verdict: the gradient grows more than thirtyfold on its way to layer 1",
            "reach > 10^1.5",
        ),
        Term(
            ("healthy",),
            "verdict: the gradient arrives at about the size it had",
            "10^-1.5 <= reach <= 10^1.5",
        ),
        Term(("∞",), "infinity, beyond the largest number; in ASCII inf, or ! in a single cell"),
        Term(("not finite", "NaN"), "the loss, a gradient or a weight is NaN or infinity"),
        Term(("verdict",), "the shape of the gradient over depth, judged whatever its size"),
        Term(("forward",), "the pass from the input to the loss; bars show each output's norm"),
        Term(("backward",), "the pass from the loss back; bars show each layer's gradient"),
        Term(("loss",), "what training makes smaller, as a mean over the batch"),
        Term(("held-out", "held out"), "share of rows never trained on that are right"),
        Term(("batch",), "the rows of one training step; as a curve: share of them right"),
        Term(
            ("clipped", "clip fired", "clipping fired", "clipping fires"),
            "the gradients were made smaller before the update, as their norm passed a threshold",
            "g min(1, c / (|g| + 1e-6))",
        ),
        Term(("threshold", "clip-threshold"), "the norm from which clipping sets in"),
        Term(("before", "was", "before switch"), "the profile before the last switch"),
        Term(("step before", "the step before", "bef"), "the profile of the step before this one"),
        Term(("pinned", "pin"), "the run that was pinned, to compare with"),
        Term(("remedy",), "the profile of a change that was tried as a remedy"),
        Term(("rebuilt", "rebuilds"), "the network is built anew from its seed, at step 0"),
        Term(("weights kept",), "the switch goes on with the weights as they were"),
        Term(("op",), "one computation of the network, forward or back: the smallest step shown"),
        Term(("phase",), "forward, loss, backward, clip or update: the parts of a training step"),
        Term(("step", "steps"), "one batch forward and back, and the update of all weights"),
        Term(("fork",), "where another run goes on from the same past with another switch"),
        Term(
            ("activation slope",),
            "what the slope of the activation does to the gradient's norm",
            "|phi'(z) g| / |g|",
        ),
        Term(("effective slope",), "the factor of the activation on the norm of this gradient"),
        Term(("all paths",), "layer and skip together; along one path factors multiply"),
        Term(("tangent",), "the line whose slope is the gradient", "L + g (w - w_0)"),
        Term(("nudge",), "a weight changed by hand on a copy, to see what the loss does"),
        Term(("foretold",), "the change of the loss that the gradient expects", "g dw"),
        Term(("critical",), "where theory expects gradients neither to vanish nor to explode"),
    )  # fmt: skip


TERMS: tuple[Term, ...] = _terms()
"""Every term that is not a knob, in the order in which they are listed."""

_BY_NAME = {name.lower(): term for term in TERMS for name in term.names}


_KNOBS = {name: Term((name,), knob.help) for name, knob in KNOBS.items() if name not in _BY_NAME}

_CHOICES = {
    f"{name} {choice}": (name, Term((choice,), f"a choice of {name}", formula))
    for name, knob in KNOBS.items()
    for choice, formula in knob.choices.items()
}
"""A choice is one only behind its knob: `batch` alone is something else."""


def _pattern() -> re.Pattern[str]:
    # Longer names first; a single letter only as it is written.
    names = sorted({*_BY_NAME, *_KNOBS, *_CHOICES}, key=len, reverse=True)
    parts = [re.escape(name) if len(name) > 1 else f"(?-i:{name.upper()})" for name in names]
    return re.compile(rf"(?<![\w/-])(?:{'|'.join(parts)})(?![\w/-])", re.IGNORECASE)


_PATTERN = _pattern()


def term(name: str) -> Term | None:
    """The term of a name, whatever its case; None where it has no entry."""
    return _BY_NAME.get(name.lower()) or _KNOBS.get(name.lower())


def term_at(text: str, x: int) -> Term | None:
    """The term under a column of a line; None where there is none."""
    return next((entry for start, end, entry in _found(text) if start <= x < end), None)


def terms_in(lines: Iterable[str]) -> list[Term]:
    """The terms of these lines, each once: those of the glossary in its order, then knobs."""
    seen = dict.fromkeys(entry for line in lines for _, _, entry in _found(line))
    return [entry for entry in TERMS if entry in seen] + [e for e in seen if e not in TERMS]


def _found(text: str) -> Iterator[tuple[int, int, Term]]:
    """Start, end and entry of each term of a line."""
    for match in _PATTERN.finditer(text):
        start, end = match.span()
        if pair := _CHOICES.get(match.group().lower()):
            knob, choice = pair
            if known := term(knob):
                yield start, start + len(knob), known
            yield start + len(knob) + 1, end, choice
        elif known := term(match.group()):
            yield start, end, known
