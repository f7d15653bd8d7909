"""LP-FT: fine-tuning begins with a head that was fitted to the frozen features.

Kumar et al. 2022, Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution,
section 4: while a fresh head learns, it pulls the features about; one that fits them leaves them
where they are good.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import torch

from harness.backbones.encoding.features import pooled
from harness.backbones.encoding.pooled import PooledClassifier, set_head
from harness.common.errors import CannotRunError
from harness.common.kinds import Balance
from harness.methods.job import Job
from harness.methods.learning.balance import weights_for
from harness.methods.learning.held_out import said_by
from harness.methods.learning.scale import scale_of
from harness.methods.linear import LinearHead, fit_standardised, strengths
from harness.methods.link import LINKS
from harness.tasks.examples import targets_of

USUAL, TRIED = 0.1, 5
"""The strengths of `features`, tried in its order; the deciding metric on validation chooses."""
NO_POOL = "its head is not linear in pooled states: set `pooling: mean` (or cls, last)"


def begin_probed(model: object, job: Job, balance: Balance) -> None:
    """Give a classifier the logistic regression on its pooled features as they are now.

    Draws nothing from the generators. Raises CannotRunError for a classifier of transformers' own.
    """
    if not isinstance(model, PooledClassifier):
        raise CannotRunError(f"`head: probed`: {NO_POOL}")
    with torch.random.fork_rng():
        head = _probe(model, job, balance)
    scale = scale_of(targets_of(job.train, job.classes))
    bias = (finite(head.bias, len(job.train)) - scale.mean) / scale.deviation
    set_head(model, torch.from_numpy(head.weights.T / scale.deviation), torch.from_numpy(bias))


def finite(bias: np.ndarray, items: int) -> np.ndarray:
    """Biases [classes] of which those of classes that no item has, or every item, are as if one
    item more had told otherwise: a head that is to learn must be able to."""
    certain = np.log(items + 1.0)
    return np.asarray(np.where(np.isfinite(bias), bias, np.sign(bias) * certain))


def _probe(model: PooledClassifier, job: Job, balance: Balance) -> LinearHead:
    featurizer = pooled(job.need_backbone(), job.budget.max_length, job.device, model.pool)
    train, held = (job.store.features(featurizer, examples, job.clock, "encode")
                   for examples in (job.train, job.validation))
    link, targets = LINKS[job.task.kind], targets_of(job.train, job.classes)
    counts = weights_for(balance, job)
    heads = [fit_standardised(train, targets, c, link, counts)
             for c in strengths(job, USUAL, TRIED)]
    said = (said_by(head.predict(held), job) for head in heads)
    return reduce(lambda best, other: other if other[0].beats(best[0]) else best,
                  zip(said, heads, strict=True))[1]
