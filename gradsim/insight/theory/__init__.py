"""Theory beside measurement: what mean-field theory says of the gradient at initialization."""

from gradsim.insight.theory.prediction import predicted_factor, predicted_reach
from gradsim.insight.theory.result import Theory, theory

__all__ = ["Theory", "predicted_factor", "predicted_reach", "theory"]
