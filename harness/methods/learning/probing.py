"""LP-FT: fine-tuning begins with a head that was fitted to the frozen features.

Kumar et al. 2022, Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution,
section 4: while a fresh head learns, it pulls the features about; one that fits them leaves them
where they are good.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import torch

from harness.backbones.encoding.features import Featurizer, pooled
from harness.backbones.encoding.pooled import PooledClassifier, set_head
from harness.backbones.encoding.pooling import Pooling, pool_of
from harness.backbones.frozen import HEAD, frozen
from harness.backbones.handle import Handle
from harness.backbones.load import Loaded
from harness.backbones.vision.features import last_layer
from harness.common.capabilities import reads_words
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


LAYERED = "its head has other layers that begin at random ({name}), which no features know"


def begin_probed(loaded: Loaded, job: Job, balance: Balance) -> None:
    """Give a classifier the logistic regression on its features as they are now: of texts on pooled
    states, of pictures on what its head's last layer reads.

    Draws nothing from the generators. Raises CannotRunError for a classifier of texts that is
    transformers' own, and one of pictures whose head is more than that layer and new.
    """
    model = loaded.model
    with torch.random.fork_rng():
        head = _probe(_features(loaded, job), job, balance)
    scale = scale_of(targets_of(job.train, job.classes))
    bias = (finite(head.bias, len(job.train)) - scale.mean) / scale.deviation
    weights = torch.from_numpy(head.weights.T / scale.deviation)
    if isinstance(model, PooledClassifier):
        set_head(model, weights, torch.from_numpy(bias))
        return
    layer = last_layer(model)
    with torch.no_grad():
        layer.weight.copy_(weights)
        layer.bias.copy_(torch.from_numpy(bias))


def probed_features(backbone: Handle, job: Job, pooling: Pooling) -> Featurizer | None:
    """What a probe reads; None where a head is not linear in it."""
    if reads_words(backbone.kind) and pool_of(backbone.path, pooling) is None:
        return None
    return frozen(backbone, job.budget.max_length, job.device,
                  pooling if reads_words(backbone.kind) else HEAD)


def _features(loaded: Loaded, job: Job) -> Featurizer:
    """As `probed_features`, of a model in memory."""
    backbone, model = job.need_backbone(), loaded.model
    if isinstance(model, PooledClassifier):
        return pooled(backbone, job.budget.max_length, job.device, model.pool)
    if reads_words(backbone.kind):
        raise CannotRunError(f"`head: probed`: {NO_POOL}")
    own = {id(parameter) for parameter in last_layer(model).parameters()}
    others = [name for name, one in loaded.fresh.items() if id(one) not in own]
    if others:
        raise CannotRunError(f"`head: probed`: {LAYERED.format(name=min(others))}")
    return frozen(backbone, job.budget.max_length, job.device, HEAD)


def finite(bias: np.ndarray, items: int) -> np.ndarray:
    """Biases [classes] of which those of classes that no item has, or every item, are as if one
    item more had told otherwise: a head that is to learn must be able to."""
    certain = np.log(items + 1.0)
    return np.asarray(np.where(np.isfinite(bias), bias, np.sign(bias) * certain))


def _probe(featurizer: Featurizer, job: Job, balance: Balance) -> LinearHead:
    train, held = (job.store.features(featurizer, examples, job.clock, "encode")
                   for examples in (job.train, job.validation))
    link, targets = LINKS[job.task.kind], targets_of(job.train, job.classes)
    counts = weights_for(balance, job)
    heads = [fit_standardised(train, targets, c, link, counts)
             for c in strengths(job, USUAL, TRIED)]
    said = (said_by(head.predict(held), job) for head in heads)
    return reduce(lambda best, other: other if other[0].beats(best[0]) else best,
                  zip(said, heads, strict=True))[1]
