"""Zero-shot answers about pictures: the class whose name fits a picture best.

A class's name stands in a template, as CLIP's authors had it (Radford et al. 2021, section 3.1.4);
the model's own scale and bias make scores of products. Of one class an item, probabilities are a
softmax over the scores. A model that learned to say of each text whether it fits (SigLIP) gives the
same, on the condition that exactly one class does: with probabilities p of independent decisions
that is p / (1 - p), made to sum to one, in which the bias has no part. Where an item has any number
of classes its sigmoids stand as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.backbones.encoding.features import FeatureStore, Featurizer
from harness.backbones.handle import parameter_count
from harness.backbones.vision.compared import compared_pictures, compared_with
from harness.backbones.vision.comparing import compares_texts
from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods.job import Job
from harness.methods.linear import LinearHead
from harness.methods.link import LINKS
from harness.methods.work import Reading, Work
from harness.targets.kinds import KINDS
from harness.tasks.examples import Item

TEMPLATE, PLACE = "a photo of a {label}.", "{label}"
UNTOLD = "it was not trained to compare pictures with texts"


@dataclass(frozen=True)
class Comparing:
    """Pictures' vectors times those of the classes' names. Nothing of it has learned here."""

    featurizer: Featurizer
    store: FeatureStore
    names: LinearHead
    """The classes' vectors, times the model's scale, and its bias."""
    frozen: int
    """Parameters of the backbone."""

    @property
    def parameters(self) -> tuple[int, int]:
        return 0, self.frozen

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        x = self.store.features(self.featurizer, items, clock, "encode")
        with clock.phase("predict"):
            return self.names.predict(x)

    def save(self, folder: Path) -> None:
        self.names.save(folder)


def compare(job: Job, templates: Sequence[str]) -> Comparing:
    """What answers by the classes' wording in these templates.

    Raises CannotRunError for a backbone that compares nothing with texts, for a task whose items
    have any number of classes where the model only tells texts from each other, and as
    `compared_with` does.
    """
    backbone = job.need_backbone()
    if not compares_texts(backbone.path):
        raise CannotRunError(f"{backbone.name}: {UNTOLD}")
    texts = [[template.replace(PLACE, word) for template in templates]
             for word in job.task.options]
    with job.clock.phase("load"):
        found = compared_with(backbone, texts, job.device)
    if KINDS[job.task.kind].several and not found.decides:
        raise CannotRunError(f"{backbone.name}: tells which text fits better, and not whether one "
                             "fits: an item of this task may have any number of classes")
    return _answering(job, LinearHead(found.weights, found.bias, LINKS[job.task.kind]))


def compare_as_saved(job: Job, folder: Path) -> Comparing:
    """What `Comparing.save` wrote, without the half of the model that reads texts."""
    return _answering(job, LinearHead.load(folder, LINKS[job.task.kind]))


def comparing_work(job: Job) -> Work:
    """Pictures are read once, as `features` reads them."""
    backbone = job.need_backbone()
    return Work(prompts=0, readings=(Reading(compared_pictures(backbone, job.device).key,
                                             backbone),))


def _answering(job: Job, names: LinearHead) -> Comparing:
    backbone = job.need_backbone()
    return Comparing(compared_pictures(backbone, job.device), job.store, names,
                     parameter_count(backbone))
