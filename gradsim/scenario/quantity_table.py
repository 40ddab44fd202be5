"""The table of quantities: every name of the report with what it is, its unit, formula, source."""

from dataclasses import dataclass
from enum import StrEnum

from gradsim.insight.oscillation import FORMULA as OSCILLATION
from gradsim.insight.recurrence import ABOUT
from gradsim.insight.steepest import ABOUT as OF_A_WEIGHT


class Part(StrEnum):
    """Where in the report a quantity stands."""

    HISTORY = "history"
    TOP = "top"
    LAYERS = "layers"
    WEIGHTS = "weights"
    EVIDENCE = "evidence"
    VERDICT = "verdict"
    NOTES = "notes"
    TIME = "time"
    THEORY = "theory"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a name of the report means, in which unit, and where it stands."""

    part: Part
    about: str
    unit: str = ""
    formula: str = ""
    source: str = ""
    words: bool = False
    """Whether it is a text, for a quantity that is named by its path."""

    @property
    def per_layer(self) -> bool:
        """Whether there is one for each layer, so that an expectation must name the layer."""
        return self.part in (Part.LAYERS, Part.WEIGHTS)

    @property
    def is_text(self) -> bool:
        """Whether it is a text and not a number."""
        return self.words or self.part in (Part.VERDICT, Part.NOTES)


PLACES: dict[Part, str] = {
    Part.HISTORY: "`history`, its last entry",
    Part.TOP: "top",
    Part.LAYERS: "`layers`",
    Part.WEIGHTS: "not there; `gradsim weight --largest` tells it",
    Part.EVIDENCE: "`verdict.evidence`",
    Part.VERDICT: "`verdict`",
    Part.NOTES: "`verdict.notes`, their `kind`",
    Part.TIME: "`time`, in a recurrent network",
    Part.THEORY: "`theory`",
    Part.PATH: "at this path",
}
"""Where in the report it stands, in words."""

SHARE = "share from 0 to 1"

_PASCANU = "Pascanu, Mikolov, Bengio 2013"
_MEAN_FIELD = "Poole et al. 2016; Schoenholz et al. 2017"
_HOCHREITER = "Hochreiter, Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000"
_GLOROT = "Glorot, Bengio 2010"

_HISTORY = {
    "step": Quantity(Part.HISTORY, "training steps done", "steps"),
    "loss": Quantity(
        Part.HISTORY,
        "the loss of the next batch, before its update",
        "that of the loss: nats for cross-entropy",
        "L = loss-factor * mean over the batch of loss(output, target)",
    ),
    "accuracy": Quantity(
        Part.HISTORY, "share of the next batch that is right", SHARE, "rows right / rows"
    ),
    "held_out_accuracy": Quantity(
        Part.HISTORY, "share of the held-out rows right now", SHARE, "rows right / rows"
    ),
    "grad_norm": Quantity(
        Part.HISTORY,
        "L2 norm of all gradients together, before clipping",
        formula="|g| = sqrt(sum over all parameters of (dL/dw)^2)",
        source=_PASCANU,
    ),
    "clipped_grad_norm": Quantity(
        Part.HISTORY,
        "L2 norm of all gradients together, after clipping",
        formula="|clip(g)|",
        source=_PASCANU,
    ),
    "clip_coefficient": Quantity(
        Part.HISTORY,
        "what clipping leaves of the gradient: the norm after over the norm before",
        SHARE,
        "|clip(g)| / |g|",
        _PASCANU,
    ),
    "clip_angle": Quantity(
        Part.HISTORY,
        "angle between the gradient before and after clipping",
        "degrees",
        "arccos(<g, clip(g)> / (|g| |clip(g)|))",
    ),
    "clip_fired": Quantity(Part.HISTORY, "1 where clipping changed the gradient, else 0", "0 or 1"),
    "clip_fired_share": Quantity(
        Part.TOP,
        "share of the steps so far, this one included, at which clipping fired",
        SHARE,
        "mean of clip_fired",
    ),
    "learning_rate": Quantity(Part.HISTORY, "the learning rate of this step, by the schedule"),
    "oscillation": Quantity(
        Part.TOP,
        "how far the loss jumps in one step, measured by how far it has come down",
        "dimensionless",
        OSCILLATION,
    ),
}

_LAYERS = {
    "delta_norm": Quantity(
        Part.LAYERS,
        "L2 norm of the gradient with respect to a layer's pre-activations, over the batch",
        formula="|delta_l|, delta_l = dL/dz_l, z_l = W_l x + b_l",
        source="Rumelhart, Hinton, Williams 1986; Hochreiter 1991",
    ),
    "output_grad_norm": Quantity(
        Part.LAYERS,
        "L2 norm of the gradient with respect to what a layer hands on, after its skip",
        formula="|dL/dh_l|",
    ),
    "grad_weight_norm": Quantity(
        Part.LAYERS,
        "L2 norm of the gradient with respect to a layer's weights",
        formula="|dL/dW_l| = |delta_l^T x|",
        source="Rumelhart, Hinton, Williams 1986",
    ),
    "grad_weight_max": Quantity(
        Part.LAYERS,
        "largest magnitude in the gradient with respect to a layer's weights",
        formula="max |dL/dW_l|",
    ),
    "activation_mean": Quantity(
        Part.LAYERS,
        "mean of what a layer's activation gives out; of the output at the head",
        formula="mean over batch and units of phi(z)",
        source=_GLOROT,
    ),
    "activation_std": Quantity(
        Part.LAYERS,
        "standard deviation of what a layer's activation gives out",
        formula="std over batch and units of phi(z)",
        source=_GLOROT,
    ),
    "output_norm": Quantity(
        Part.LAYERS, "L2 norm of what a layer hands on, over the batch", formula="|h_l|"
    ),
    "weight_norm": Quantity(
        Part.LAYERS, "L2 norm of a layer's weights", formula="sqrt(sum of W_l^2)"
    ),
    "update_norm": Quantity(
        Part.LAYERS,
        "L2 norm of the last change of a layer's weights; NaN before the first",
        formula="|W_l after - W_l before|",
    ),
    "update_ratio": Quantity(
        Part.LAYERS,
        "the last change of a layer's weights over the weights; NaN before the first",
        "dimensionless",
        "update_norm / weight_norm",
    ),
    "saturated": Quantity(
        Part.LAYERS,
        "part of a layer's slopes below a twentieth of the largest, where they fade out",
        SHARE,
        "share of |phi'(z)| < 0.05 max |phi'|",
        _GLOROT,
    ),
    "dead": Quantity(
        Part.LAYERS,
        "part of a layer's units with slope 0 for every row of the batch",
        SHARE,
        "share of units with phi'(z) = 0 in all rows",
        "Maas, Hannun, Ng 2013",
    ),
}

_VERDICT = {
    **{name: Quantity(Part.WEIGHTS, about) for name, about in OF_A_WEIGHT.items()},
    "first_delta_norm": Quantity(Part.EVIDENCE, "`delta_norm` of layer 1", formula="|delta_1|"),
    "last_delta_norm": Quantity(
        Part.EVIDENCE, "`delta_norm` of the last hidden layer", formula="|delta_L|"
    ),
    "reach": Quantity(
        Part.EVIDENCE,
        "`first_delta_norm` over `last_delta_norm`: what arrives at layer 1",
        "dimensionless",
        "|delta_1| / |delta_L|",
        "Hochreiter 1991; Bengio, Simard, Frasconi 1994",
    ),
    "reach_decades": Quantity(
        Part.EVIDENCE,
        "log10 of `reach`: below 0 it vanishes",
        "decades",
        "log10(|delta_1| / |delta_L|)",
        "Hochreiter 1991; Bengio, Simard, Frasconi 1994",
    ),
    "slope": Quantity(
        Part.EVIDENCE,
        "change of log10(`delta_norm`) on the way to layer 1",
        "decades per layer",
        "least-squares slope of log10 |delta_l| toward the input",
    ),
    "shape": Quantity(
        Part.VERDICT,
        "what the gradient does over depth, in one word",
        "vanishing, exploding, healthy, dead or not-finite",
        "vanishing: reach < 10^-1.5; exploding: reach > 10^1.5; dead: exactly 0 arrives",
    ),
    "notes": Quantity(
        Part.NOTES,
        "the kinds of notes that the verdict adds, see Notes; expect one with includes or excludes",
        "names",
    ),
}

_TIME_FORMULAS = {
    "time_factor": "geometric mean over t of |dL/dh_(t-1)| / |dL/dh_t|",
    "singular_value": "|W|_2",
    "spectral_radius": "max |eigenvalue of W|",
    "factor_bound": "|W|_2 max |phi'|",
    "predicted_time_factor": "sqrt(sigma_w^2 E[phi'^2])",
    "forget_factor": "exp(mean of ln f_t)",
    "forget_decades": "log10 of the product of f_t over all t",
}

_TIME_SOURCES = {
    "factor_bound": f"{_PASCANU}, section 2.2",
    "time_factor": _PASCANU,
    "predicted_time_factor": "Poole et al. 2016; Chen, Pennington, Schoenholz 2018",
    "forget_factor": _HOCHREITER,
    "forget_decades": _HOCHREITER,
}

_TIME_UNITS = {"time_steps": "time steps", "horizon": "time steps", "forget_decades": "decades"}

_TIME = {
    name: Quantity(
        Part.TIME,
        about,
        _TIME_UNITS.get(name, ""),
        _TIME_FORMULAS.get(name, ""),
        _TIME_SOURCES.get(name, ""),
    )
    for name, about in ABOUT.items()
}

_THEORY = {
    "predicted_reach_decades": Quantity(
        Part.THEORY,
        "`reach_decades` at initialization as theory predicts it",
        "decades",
        "1/2 the sum of log10 chi_l over the layers",
        _MEAN_FIELD,
    ),
    "predicted_low_decades": Quantity(
        Part.THEORY, "below it 1 of 40 networks of this experiment is expected", "decades"
    ),
    "predicted_high_decades": Quantity(
        Part.THEORY, "above it 1 of 40 networks of this experiment is expected", "decades"
    ),
    "predicted_factor": Quantity(
        Part.THEORY,
        "what the squared `delta_norm` is multiplied by at each layer, by theory",
        "dimensionless",
        "10^(2 predicted_reach_decades / (L - 1))",
        _MEAN_FIELD,
    ),
    "measured_factor": Quantity(
        Part.THEORY,
        "the same as measured: the geometric mean",
        "dimensionless",
        "(|delta_1| / |delta_L|)^(2 / (L - 1))",
    ),
    "weight_variance": Quantity(
        Part.THEORY,
        "sigma_w^2, the fan-in times the variance of a weight",
        "dimensionless",
        "sigma_w^2 = fan_in Var(W)",
        _MEAN_FIELD,
    ),
    "bias_variance": Quantity(
        Part.THEORY,
        "sigma_b^2, the variance of a bias",
        "dimensionless",
        "sigma_b^2 = Var(b)",
        _MEAN_FIELD,
    ),
    "fixed_point": Quantity(
        Part.THEORY,
        "q*, the variance of pre-activations far from the input: the length map's end",
        "dimensionless",
        "q* = sigma_w^2 E[phi(sqrt(q*) z)^2] + sigma_b^2",
        _MEAN_FIELD,
    ),
    "chi": Quantity(
        Part.THEORY,
        "what the squared gradient is multiplied by at each layer where q is q*",
        "dimensionless",
        "chi = sigma_w^2 E[phi'(sqrt(q*) z)^2]",
        _MEAN_FIELD,
    ),
    "depth_scale": Quantity(
        Part.THEORY,
        "1 / |ln chi|: the squared gradient changes by e within it",
        "layers",
        "1 / |ln chi|",
        "Schoenholz et al. 2017",
    ),
    "critical_variance": Quantity(
        Part.THEORY,
        "sigma_w^2 at which chi is 1 for this sigma_b^2",
        "dimensionless",
        "sigma_w^2 with chi(sigma_w^2, sigma_b^2) = 1",
        _MEAN_FIELD,
    ),
    "critical_gain": Quantity(
        Part.THEORY,
        "`initializer-gain` that gives the critical variance",
        "dimensionless",
        "gain sqrt(critical_variance / weight_variance)",
        _MEAN_FIELD,
    ),
}

QUANTITIES: dict[str, Quantity] = {**_HISTORY, **_LAYERS, **_VERDICT, **_TIME, **_THEORY}
"""Every quantity that has a short name. A test holds this table and the report together."""
