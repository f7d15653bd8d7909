"""A linear head as plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression, Ridge

from harness.methods.job import Job
from harness.methods.link import LINKS, Link
from harness.methods.method import spread
from harness.targets.kinds import KINDS

MAX_ITERATIONS = 2000
FOR_NUMBERS = 1.0
"""The usual strength of a ridge regression: as much is said by the vectors as is not."""


def strengths(job: Job, usual: float, count: int = 9) -> list[float]:
    """Strengths to try in order of preference: about the usual one of a logistic regression, or of
    a ridge regression where the task asks for numbers."""
    return spread(usual if KINDS[job.task.kind].named else FOR_NUMBERS, count=count)


@dataclass(frozen=True)
class LinearHead:
    """The link's probabilities of `x @ weights + bias`: weights [width, classes], bias [classes].

    A class that training never saw has a bias of minus infinity, hence probability zero.
    """

    weights: np.ndarray
    bias: np.ndarray
    link: Link

    @property
    def size(self) -> int:
        """Number of parameters."""
        return int(self.weights.size + self.bias.size)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """[items, width], dense or sparse -> [items, classes]."""
        return self.link.probabilities(np.asarray(x @ self.weights + self.bias, dtype=float))

    def save(self, folder: Path) -> None:
        """Write `head.safetensors`."""
        tensors = {"weights": np.ascontiguousarray(self.weights), "bias": self.bias}
        save_file(tensors, folder / "head.safetensors")

    @staticmethod
    def load(folder: Path, link: Link) -> LinearHead:
        """Read `head.safetensors`."""
        tensors = load_file(folder / "head.safetensors")
        return LinearHead(tensors["weights"], tensors["bias"], link)


def fit_linear(x: np.ndarray, targets: np.ndarray, c: float, link: Link,
               counts: np.ndarray | None = None) -> LinearHead:
    """scikit-learn's L2-regularised logistic regression with inverse strength `c`: over the classes
    at once where an item has one, else one for each class. Of numbers its ridge regression.

    `x` is [items, width], `targets` as `targets_of` has them; `counts` is what each item's
    decisions count, [items, 1] or [items, classes], alike where None.
    """
    if counts is None:
        counts = np.ones((len(targets), targets.shape[1]))
    return LinearHead(*FITS[link.problem_type](x, targets, c, counts), link)


def fit_standardised(x: np.ndarray, targets: np.ndarray, c: float, link: Link,
                     counts: np.ndarray | None = None) -> LinearHead:
    """As `fit_linear` on columns with a mean of 0 and a deviation of 1; the head is for `x` as it
    is: the standardisation is linear, so it folds into the head."""
    centre, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    head = fit_linear((x - centre) / scale, targets, c, link, counts)
    weights = head.weights / scale[:, None]
    return LinearHead(weights, head.bias - centre @ weights, link)


def _softmax(x: np.ndarray, targets: np.ndarray, c: float, counts: np.ndarray
             ) -> tuple[np.ndarray, np.ndarray]:
    labels = targets.argmax(axis=1)
    seen = np.unique(labels).tolist()
    weights = np.zeros((x.shape[1], targets.shape[1]))
    bias = np.full(targets.shape[1], -np.inf)
    if len(seen) == 1:
        bias[seen] = 0.0
        return weights, bias
    coefficients, intercepts = _fit(x, labels, c, counts[:, 0])
    if len(seen) == 2:  # one row, for the second class against the first
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        intercepts = np.concatenate([[0.0], intercepts])
    weights[:, seen] = coefficients.T
    bias[seen] = intercepts
    return weights, bias


def _one_against_rest(x: np.ndarray, targets: np.ndarray, c: float, counts: np.ndarray
                      ) -> tuple[np.ndarray, np.ndarray]:
    weights = np.zeros((x.shape[1], targets.shape[1]))
    # What all training items have, or none, is taken for certain.
    bias = np.where(targets.all(axis=0), np.inf, -np.inf)
    for number in np.flatnonzero(targets.any(axis=0) & ~targets.all(axis=0)):
        coefficients, intercepts = _fit(x, targets[:, number], c, counts[:, number])
        weights[:, number], bias[number] = coefficients[0], intercepts[0]
    return weights, bias


def _fit(x: np.ndarray, labels: np.ndarray, c: float, counts: np.ndarray
         ) -> tuple[np.ndarray, np.ndarray]:
    model = LogisticRegression(C=c, max_iter=MAX_ITERATIONS).fit(x, labels, counts)
    return model.coef_, model.intercept_


def _ridge(x: np.ndarray, targets: np.ndarray, c: float, counts: np.ndarray
           ) -> tuple[np.ndarray, np.ndarray]:
    """`c` is what the items' numbers vary by what their vectors say, over what they vary beside it:
    ridge regression is the posterior mean under that prior (Hastie, Tibshirani and Friedman, The
    Elements of Statistical Learning, section 3.4.1), whatever the unit of the numbers and however
    many columns there are."""
    unit = targets.std() or 1.0
    squares = x.multiply(x).sum() if hasattr(x, "multiply") else (x**2).sum()
    alpha = float(squares) / len(targets) / c
    model = Ridge(alpha=alpha or 1.0).fit(x, targets[:, 0] / unit, counts[:, 0])
    return model.coef_[:, None] * unit, np.array([model.intercept_ * unit])


Solver = Callable[[np.ndarray, np.ndarray, float, np.ndarray], tuple[np.ndarray, np.ndarray]]
FITS: dict[str, Solver] = {
    LINKS["classification"].problem_type: _softmax,
    LINKS["multilabel"].problem_type: _one_against_rest,
    LINKS["regression"].problem_type: _ridge,
    LINKS["spans"].problem_type: _softmax,
}
