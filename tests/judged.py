"""Probabilities of a candidate and of the approved model, as the gate holds them."""

import numpy as np

from harness.gate.answered import Answered
from harness.targets.classification import ClassificationAnswers
from harness.tasks.examples import weights_of


def judged(examples, now, before):
    groups = np.unique([e.group for e in examples], return_inverse=True)[1]
    answers = ClassificationAnswers([now, before], np.array([e.label for e in examples]), groups,
                                    weights_of(examples))
    return Answered(tuple(examples), answers, np.ones(len(examples), dtype=bool), True)
