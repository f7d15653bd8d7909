"""A job's backbone in memory, and written: with all its weights, or with those that learned."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from harness.backbones.encoding.pooled import PooledClassifier, write_pooled
from harness.backbones.encoding.pooling import Pooling, pool_of
from harness.backbones.load import WHOLE, Loaded, load_tagger, load_with_head
from harness.backbones.quiet import quietly
from harness.common.kinds import Quantize
from harness.methods.job import Job
from harness.methods.link import LINKS
from harness.targets.kinds import KINDS as TARGETS

DELTA = "delta.safetensors"
OF_PICTURES = "`pooling: head` is of pictures: texts have `trained`, `cls`, `mean` and `last`"
UNPOOLED = "`pooling` is of texts: a model of pictures has its own head"


def load_model(job: Job, pooling: Pooling = "trained", products: torch.dtype = WHOLE) -> Loaded:
    """The job's backbone with the head that its kind answers with, and its matrices in a type."""
    backbone = job.need_backbone()
    if job.headed and TARGETS[job.task.kind].tagged:
        return load_tagger(backbone, job.outputs, job.device.type, products)
    pool = pool_of(backbone.path, pooling)
    loaded = load_with_head(backbone, job.outputs, job.device.type, pool, products)
    if job.headed:
        loaded.model.config.problem_type = LINKS[job.task.kind].problem_type
    return loaded


def write_whole(loaded: Loaded, folder: Path) -> None:
    """A model with all its weights, its head and its tokenizer."""
    with quietly():
        if isinstance(loaded.model, PooledClassifier):
            write_pooled(loaded.model, folder)
        else:
            loaded.model.save_pretrained(folder)
        loaded.processor.save(folder)


def load_whole(job: Job, folder: Path, quantize: Quantize | None = None) -> Loaded:
    """What `write_whole` wrote, to answer with."""
    tuned = dataclasses.replace(job.need_backbone(), path=folder, quantize=quantize)
    return load_model(dataclasses.replace(job, backbone=tuned), products=job.products)


def write_learned(model: nn.Module, folder: Path) -> None:
    """The parameters of a model that learn."""
    learned = {name: p.detach().contiguous() for name, p in model.named_parameters()
               if p.requires_grad}
    save_file(learned, folder / DELTA)


def read_learned(job: Job, folder: Path) -> dict[str, Tensor]:
    """What `write_learned` wrote, by name, on the job's device."""
    return dict(load_file(folder / DELTA, device=job.device.type))
