"""A linear softmax head as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

MAX_ITERATIONS = 2000


@dataclass(frozen=True)
class LinearHead:
    """`softmax(x @ weights + bias)`: weights [width, classes], bias [classes].

    A class that training never saw has a bias of minus infinity, hence probability zero.
    """

    weights: np.ndarray
    bias: np.ndarray

    @property
    def size(self) -> int:
        """Number of parameters."""
        return int(self.weights.size + self.bias.size)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """[items, width], dense or sparse -> [items, classes]."""
        return np.asarray(softmax(np.asarray(x @ self.weights + self.bias, dtype=float), axis=1))

    def save(self, folder: Path) -> None:
        """Write `head.safetensors`."""
        tensors = {"weights": np.ascontiguousarray(self.weights), "bias": self.bias}
        save_file(tensors, folder / "head.safetensors")

    @staticmethod
    def load(folder: Path) -> LinearHead:
        """Read `head.safetensors`."""
        tensors = load_file(folder / "head.safetensors")
        return LinearHead(tensors["weights"], tensors["bias"])


def fit_linear(x: np.ndarray, labels: list[int], classes: int, c: float) -> LinearHead:
    """scikit-learn's L2-regularised logistic regression with inverse strength `c`."""
    seen = sorted(set(labels))
    weights = np.zeros((x.shape[1], classes))
    bias = np.full(classes, -np.inf)
    if len(seen) == 1:
        bias[seen] = 0.0
        return LinearHead(weights, bias)
    model = LogisticRegression(C=c, max_iter=MAX_ITERATIONS).fit(x, labels)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(seen) == 2:  # one row, for the second class against the first
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        intercepts = np.concatenate([[0.0], intercepts])
    weights[:, seen] = coefficients.T
    bias[seen] = intercepts
    return LinearHead(weights, bias)
