"""Probabilities that are as sure as they are right, by one number for all of them.

Scores over a temperature (Guo et al. 2017, On Calibration of Modern Neural Networks, section 4.2):
no answer changes, only how sure it is. The number is fitted on validation items.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from harness.common.clock import Clock
from harness.methods.fitted import Answering, Declared, declared
from harness.methods.link import LEAST, ClassLink
from harness.tasks.examples import Example, Item, indicator, weights_of
from harness.tasks.spread import worth

WIDEST = 20.0
"""No temperature is higher, or lower than one over it."""


def cooled(probabilities: np.ndarray, temperature: float, link: ClassLink) -> np.ndarray:
    """Probabilities [items, classes] whose scores are divided by the temperature."""
    return link.probabilities(link.scores(probabilities) / temperature)


def temperature_of(probabilities: np.ndarray, examples: Sequence[Example], link: ClassLink
                   ) -> float:
    """The temperature at which the cross-entropy of [items, classes] is least, weighed as the items
    are.

    Of n items, or as many as weighted ones are worth, a true alternative counts (n + 1) / (n + a)
    of a, and a false one 1 / (n + a): were it 1 and 0, few items that are all right would make
    any model as sure as can be (Platt 1999, Probabilistic Outputs for Support Vector Machines,
    section 2.2, for two).
    """
    actual = link.alternatives(indicator(examples, probabilities.shape[1]).astype(float))
    count = worth(examples)
    targets = (count * actual + 1) / (count + actual.shape[-1])

    def loss(logarithm: float) -> float:
        said = link.alternatives(cooled(probabilities, math.exp(logarithm), link))
        each = -(targets * np.log(np.clip(said, LEAST, None))).sum(axis=-1).mean(axis=-1)
        return float(np.average(each, weights=weights_of(examples)))

    widest = math.log(WIDEST)
    found = minimize_scalar(loss, bounds=(-widest, widest), method="bounded",
                            options={"xatol": 1e-4})
    return float(math.exp(found.x))


@dataclass(frozen=True)
class Tempered:
    """A model of classes, and the temperature of what it says."""

    model: Answering
    temperature: float
    link: ClassLink

    @property
    def declares(self) -> Declared:
        """What the model is."""
        return declared(self.model)

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        """Probabilities of the classes, [items, classes]."""
        return cooled(self.model.predict(items, clock), self.temperature, self.link)
