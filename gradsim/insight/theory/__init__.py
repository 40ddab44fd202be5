"""Theory beside measurement: what mean-field theory says of the gradient at initialization."""

from gradsim.insight.theory.prediction import predicted_factor, predicted_reach

__all__ = ["predicted_factor", "predicted_reach"]
