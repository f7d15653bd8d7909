"""Methods that learn in the backbone's own weights: full, selective, bitfit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import torch
from pydantic import Field, model_validator
from torch import nn

from harness.backbones.blocks import (
    classification_head,
    freeze,
    reinitialise,
    stay_still,
    transformer_blocks,
    unfreeze,
)
from harness.backbones.handle import CALLED, Handle
from harness.backbones.held import hold
from harness.backbones.load import Loaded
from harness.common.capabilities import ASKED
from harness.methods.job import Job
from harness.methods.learning.rates import WARMUP, Rates
from harness.methods.method import METHODS
from harness.methods.tuned import OF_ADDED, OF_WEIGHTS, Tuned, TunedOptions
from harness.methods.whole import load_model, load_whole, read_learned, write_learned, write_whole


class LayeredOptions(TunedOptions):
    """What methods take that learn in the backbone's own blocks."""

    layer_decay: float = Field(1.0, gt=0, le=1)
    """A block's learning rate as a share of the rate of the one above it (Sun et al. 2019)."""
    reinitialise: int = Field(0, ge=0)
    """Blocks from the top that an encoder forgets before it learns (Zhang et al. 2021)."""
    warmup: float = Field(WARMUP, ge=0, lt=1)
    """Share of the steps in which the learning rate rises (Mosbach et al. 2021: longer is
    steadier)."""


class Layered(Tuned):
    """Blocks of the backbone learn, each at a rate of its own."""

    options_type = LayeredOptions

    @property
    def pacing(self) -> Rates:
        return Rates(self.options.layer_decay, self.options.warmup)

    def cannot(self, backbone: Handle) -> str | None:
        if self.options.reinitialise and backbone.kind in ASKED:
            return (f"`reinitialise` is for encoders: {CALLED[backbone.kind][1]} answers with what "
                    "its top blocks have learned")
        return super().cannot(backbone)

    def forget(self, loaded: Loaded) -> None:
        """Draw the top blocks anew, where the options say so."""
        if self.options.reinitialise:
            reinitialise(loaded.model, self.options.reinitialise)


@METHODS.register("full")
class Full(Layered):
    """Every parameter learns."""

    name, family = "full", "full"
    summary = "every parameter learns"
    changes_matrices = True
    rate = 1e-4

    def prepare(self, loaded: Loaded, job: Job) -> None:
        self.forget(loaded)
        unfreeze([loaded.model])

    def write(self, loaded: Loaded, folder: Path) -> None:
        write_whole(loaded, folder)

    def restore(self, job: Job, folder: Path) -> Loaded:
        return load_whole(job, folder)


class Partial(Tuned):
    """Some of the backbone's own parameters learn; only those are saved."""

    def write(self, loaded: Loaded, folder: Path) -> None:
        write_learned(loaded.model, folder)

    def restore(self, job: Job, folder: Path) -> Loaded:
        loaded = load_model(job, self.recipe.pooling, job.products)
        self.prepare(loaded, job)
        hold(loaded.model, job.products)
        loaded.model.load_state_dict(read_learned(job, folder), strict=False)
        loaded.model.eval()
        return loaded


class SelectiveOptions(LayeredOptions):
    """How much learns."""

    blocks: int = Field(2, ge=1)
    """Blocks counted from the top."""

    @model_validator(mode="after")
    def _learns_what_it_forgot(self) -> SelectiveOptions:
        if self.reinitialise > self.blocks:
            raise ValueError(f"reinitialise: {self.reinitialise} blocks are drawn anew, of which "
                             f"only {self.blocks} learn")
        return self


@METHODS.register("selective")
class Selective(Layered, Partial):
    """The last k blocks and the head learn; of an encoder-decoder the decoder's, nearest the
    answer, before any of the encoder's.

    What lies below runs as when it answers, without dropout: its states are those of frozen
    features, and are computed once an item where that can be.
    """

    name, family = "selective", "selective"
    summary = "the last k blocks (and the head) learn"
    changes_matrices = True
    keeps_states = True
    options_type = SelectiveOptions
    rate = 3e-4
    scales: ClassVar[Mapping[str, float]] = {**OF_WEIGHTS, "decoder": 1 / 3}

    def prepare(self, loaded: Loaded, job: Job) -> None:
        self.forget(loaded)
        freeze(loaded.model)
        blocks = transformer_blocks(loaded.model)
        top: list[nn.Module] = list(blocks)[-self.options.blocks:]
        if job.headed:
            top += classification_head(loaded.model)
        unfreeze(top)
        stay_still(loaded.model)


@METHODS.register("bitfit")
class Bitfit(Partial):
    """Only biases learn, and the head of an encoder (Ben Zaken et al. 2022, BitFit).

    A linear layer without a bias gets one of zeros first, which changes nothing until it
    learns (as in LLaMA-Adapter V2, Gao et al. 2023, section 3.1).
    """

    name, family = "bitfit", "bitfit"
    summary = "biases learn; layers without one get a bias of zeros"
    rate, scales = 1e-3, OF_ADDED

    def prepare(self, loaded: Loaded, job: Job) -> None:
        freeze(loaded.model)
        for block in transformer_blocks(loaded.model):
            for module in block.modules():
                if isinstance(module, nn.Linear) and module.bias is None:
                    zeros = torch.zeros(module.out_features, device=module.weight.device)
                    module.bias = nn.Parameter(zeros)
        for name, parameter in loaded.model.named_parameters():
            parameter.requires_grad_(name.endswith("bias"))
        if job.headed:
            unfreeze(classification_head(loaded.model))
