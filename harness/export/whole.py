"""What of a kept run is written: one model whose own weights give its answers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, Literal

import torch
from peft import PeftModel
from torch import nn

from harness.backbones.blocks import classification_head
from harness.backbones.encoding.pooled import PooledClassifier, set_head
from harness.backbones.encoding.pooling import MODES, pool_of
from harness.backbones.frozen import reads_compared
from harness.backbones.load import Loaded, load_base, load_classifier
from harness.backbones.vision.features import last_layer
from harness.backbones.vision.timm_models import timm_inside
from harness.common.capabilities import INPUTS
from harness.common.errors import HarnessError
from harness.methods.asking.asked import AskedDecoder
from harness.methods.features import FrozenFeatures
from harness.methods.fitted import Fitted
from harness.methods.job import Job
from harness.methods.learning.encoder import EncoderClassifier
from harness.methods.link import LINKS
from harness.methods.method import Method
from harness.study.assignment import Assignment, make_job
from harness.study.kept import SavedRun
from harness.targets.kinds import KINDS

Answers = Literal["classes", "pooled", "tags", "prompt", "pictures"]
"""By what a model answers: the head that transformers has for it, a linear layer on its pooled
states, a head that says something of each token, a prompt, or the head that transformers has for a
model of pictures."""
ANOTHER = "Name a run of a method that learns in one model's weights, or of `features`."


@dataclass(frozen=True)
class Whole:
    """A run's model in fp32, with what it is asked by."""

    label: str
    """The method, as errors name it."""
    loaded: Loaded
    answers: Answers
    job: Job
    fitted: Fitted

    @property
    def max_length(self) -> int:
        """Tokens of a text that are read: with special ones, where a head answers. Of pictures it
        says nothing."""
        longest = self.job.budget.max_length
        return longest if self.answers == "prompt" else min(longest, self.loaded.window)


def whole_of(run: SavedRun) -> Whole:
    """A run's model with all that it learned in its weights, in fp32, the temperature of its
    probabilities among it.

    Raises HarnessError, and CannotRunError of PEFT's, for a run that is no one model: of an
    endpoint, of a method that searches or counts words, or whose update cannot be merged.
    """
    found = _whole(run)
    return found if run.temperature is None else _at(found, run.temperature)


def _at(whole: Whole, temperature: float) -> Whole:
    """With the temperature in the last layer of its head: logits are then divided by it."""
    count = len(whole.job.outputs)
    ends = [module for part in classification_head(whole.loaded.model) for module in part.modules()
            if isinstance(module, nn.Linear) and module.out_features == count]
    if whole.answers == "prompt" or not ends:
        raise HarnessError(f"{whole.label}: its probabilities have a temperature "
                           f"({temperature:.3g}), which no layer of it can hold",
                           "Leave `decide: calibrate` out, and run it again.")
    with torch.no_grad():
        ends[-1].weight.div_(temperature)
        if ends[-1].bias is not None:
            ends[-1].bias.div_(temperature)
    return whole


def _whole(run: SavedRun) -> Whole:
    assignment, label = run.assignment, run.assignment.identity.label
    if assignment.endpoint is not None:
        raise HarnessError(f"{label}: an endpoint's weights are elsewhere", ANOTHER)
    below = assignment.inner
    if below is not None and assignment.identity.method == "merged":
        record = below.store.record(below.identity.run_id)
        return _whole(SavedRun(below, record.setting or {},
                                 below.store.artifact(below.identity.run_id)))
    if below is not None or assignment.backbone is None:
        raise HarnessError(f"{label}: is no model by itself", ANOTHER)
    method, job = assignment.method, make_job(in_fp32(assignment), lambda text: None)
    load = method.merged if method.merges else method.load
    fitted = load(job, run.setting, run.artifact)
    found = written_of(fitted, job, method)
    if isinstance(found.loaded.model, PeftModel):
        raise HarnessError(f"{label}: what it learned stands before its texts, and not in weights "
                           "that it could be merged into", ANOTHER)
    return dataclasses.replace(found, label=label)


def in_fp32(assignment: Assignment) -> Assignment:
    """With no matrix rounded, on the CPU."""
    device = dataclasses.replace(assignment.device, type="cpu", autocast="no")
    return dataclasses.replace(assignment, device=device, features=None, answers=None)


@singledispatch
def written_of(fitted: Any, job: Job, method: Method) -> Whole:
    """By type of what was fitted the model that is written. Raises HarnessError for one that is
    none."""
    raise HarnessError(f"{method.name}: its answers are not those of one model's weights", ANOTHER)


@written_of.register
def _headed(fitted: EncoderClassifier, job: Job, method: Method) -> Whole:
    if not INPUTS[job.task.input].in_words:
        return _of_pictures(method.name, fitted.loaded, job, fitted)
    pooled: Answers = "pooled" if isinstance(fitted.loaded.model, PooledClassifier) else "classes"
    answers = "tags" if KINDS[job.task.kind].tagged else pooled
    return Whole(method.name, fitted.loaded, answers, job, fitted)


@written_of.register
def _features(fitted: FrozenFeatures, job: Job, method: Method) -> Whole:
    """The frozen backbone under its pooling and the linear head, as one model; of pictures with
    the linear head in the place of its own head's last layer."""
    if not INPUTS[job.task.input].in_words:
        return _picture_features(fitted, job, method)
    backbone = job.need_backbone()
    if backbone.reader is not None:
        raise HarnessError(f"{method.name}: its vectors are made by another package "
                           f"('{backbone.reader}')", "Name a run on a backbone of another kind.")
    names = dict(enumerate(job.outputs))
    loaded = load_base(backbone, "cpu")
    config = loaded.model.config
    config.id2label, config.label2id = names, {name: i for i, name in names.items()}
    config.problem_type = LINKS[job.task.kind].problem_type
    pool = pool_of(backbone.path, method.options.pooling) or MODES["mean"]
    model = PooledClassifier(loaded.model, pool).eval()
    set_head(model, torch.from_numpy(fitted.head.weights.T).float(),
             torch.from_numpy(fitted.head.bias).float())
    return Whole(method.name, dataclasses.replace(loaded, model=model), "pooled", job, fitted)


def _picture_features(fitted: FrozenFeatures, job: Job, method: Method) -> Whole:
    if reads_compared(job.need_backbone(), method.options.pooling):
        raise HarnessError(f"{method.name}: its head is on the vector that is compared with texts, "
                           "and no classifier of transformers reads that",
                           "Run `features: {pooling: head}`, and export that.")
    loaded = load_classifier(job.need_backbone(), job.outputs, "cpu")
    loaded.model.config.problem_type = LINKS[job.task.kind].problem_type
    last = last_layer(loaded.model)
    with torch.no_grad():
        last.weight.copy_(torch.from_numpy(fitted.head.weights.T))
        last.bias.copy_(torch.from_numpy(fitted.head.bias))
    return _of_pictures(method.name, loaded, job, fitted)


def _of_pictures(name: str, loaded: Loaded, job: Job, fitted: Fitted) -> Whole:
    if timm_inside(loaded.model) is not None:
        raise HarnessError(f"{name}: its model is timm's, and the program that is written beside a "
                           "model reads transformers' image processors alone",
                           "Take what `full` keeps of a run: transformers loads it.")
    return Whole(name, loaded, "pictures", job, fitted)


@written_of.register
def _asked(fitted: AskedDecoder, job: Job, method: Method) -> Whole:
    if not method.changes_weights:
        raise HarnessError(f"{method.name}: leaves its backbone's weights as they are", ANOTHER)
    if fitted.lookup is not None:
        raise HarnessError(f"{method.name}: it answers with what a search finds", ANOTHER)
    return Whole(method.name, fitted.loaded, "prompt", job, fitted)
