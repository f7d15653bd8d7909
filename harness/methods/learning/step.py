"""One optimiser step: a batch computed in passes, its gradients summed over the ranks."""

from __future__ import annotations

import gc
import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn
from torch.distributed.tensor import DTensor

from harness.backbones.activations import compute_again
from harness.backbones.batches import PASS_TOKENS, Cut
from harness.backbones.flops import FlopCounter
from harness.common.device import UNREPEATABLE, repeatable_gradients
from harness.common.ranks import Ranks
from harness.methods.job import Job
from harness.methods.learning.training import Training
from harness.methods.learning.validated import HeldOut

MAX_GRADIENT_NORM = 1.0
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory",
                 "not enough memory", "can't start new thread", "could not create a primitive")
"""What libraries say when there is no memory left; the last is oneDNN's, for its scratch space."""


class DivergedError(Exception):
    """The loss is not finite. `training` is what the loop had seen by then."""

    def __init__(self, reason: str, training: Training) -> None:
        super().__init__(reason)
        self.training = training


class Learner(Protocol):
    """A model with the examples it learns from."""

    @property
    def model(self) -> Any:
        """The model that learns."""

    @property
    def states(self) -> object | None:
        """What later epochs begin with, where the first one keeps it."""

    def begin(self, epoch: int) -> None:
        """Called before an epoch, counted from 0: its examples may be drawn for it."""

    def lengths(self) -> list[int]:
        """Tokens of each training example of the epoch."""

    def passes(self, indices: list[int], cut: Cut) -> list[list[int]]:
        """A batch cut into passes."""

    def sharing(self) -> AbstractContextManager[None]:
        """Read what all passes of a step share once for the block; its gradient is taken last."""

    def loss(self, indices: list[int]) -> torch.Tensor:
        """Sum over these training examples of -log p(target), in nats."""

    def validate(self) -> HeldOut:
        """Figures on the validation split under the weights as they are now."""


@dataclass
class Pace:
    """What is given up on the way for want of memory, or of a repeatable operation."""

    micro: int
    repeatable: bool
    """Whether a step may only do what repeats itself."""
    room: float = math.inf
    """Tokens of a pass."""
    flops: float = 0.0
    """Of a step, by token; 0 where it is not known."""


def take_step(learner: Learner, indices: list[int], optimizer: Any, job: Job,
              training: Training, pace: Pace) -> float:
    """One optimiser step over `indices`, anew with what `_give_way` gives up."""
    while True:
        try:
            optimizer.zero_grad()
            loss = _gradients(learner, indices, job, pace)
            break
        except (MemoryError, RuntimeError) as error:
            noted = None if job.ranks.size > 1 else _give_way(error, pace, learner.model)
            if noted is None:
                raise
        training.notes.append(noted)
        # Outside the except block, so that the failed pass's tensors are no longer held.
        gc.collect()
        if job.device.type == "cuda":
            torch.cuda.empty_cache()
    if math.isfinite(loss):
        norm = _clip(learner.model)
        if not math.isfinite(norm):
            raise DivergedError(f"the gradient's norm is {norm} at step {training.steps + 1}",
                                training)
        optimizer.step()
    return loss


def _give_way(error: Exception, pace: Pace, model: Any) -> str | None:
    """Give up half the micro-batch for want of memory, then states that are kept, or repeatability
    for an operation that has none: a note that says so. None where neither is the matter, or
    nothing is left to give."""
    text = str(error).lower()
    if UNREPEATABLE in text and pace.repeatable:
        pace.repeatable = False
        return f"may not repeat itself bit for bit: {text.split(maxsplit=1)[0]} has no such form"
    if not isinstance(error, MemoryError) and not any(sign in text for sign in OUT_OF_MEMORY):
        return None
    if pace.micro > 1:
        pace.micro = math.ceil(pace.micro / 2)
        return f"out of memory: micro-batch halved to {pace.micro} at the same effective batch"
    if compute_again(model):
        return "out of memory: states are computed again for their gradients (checkpointing)"
    return None


def _gradients(learner: Learner, indices: list[int], job: Job, pace: Pace) -> float:
    """The loss of a step, whose gradients are added up; its arithmetic, too, where that is unknown.
    """
    with repeatable_gradients(job.device) if pace.repeatable else nullcontext():
        if pace.flops:
            return _accumulate(learner, indices, job, pace)
        with FlopCounter() as counter:
            loss = _accumulate(learner, indices, job, pace)
    lengths = learner.lengths()
    pace.flops = job.ranks.size * counter.total / sum(lengths[i] for i in indices)
    return loss


def _clip(model: nn.Module) -> float:
    """Clip the gradient's norm and return what it was; of sharded gradients that of the whole."""
    norm = nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
    return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)


def _accumulate(learner: Learner, indices: list[int], job: Job, pace: Pace) -> float:
    """Add up the gradients of a batch's passes; its mean loss in nats."""
    losses, device, ranks = [], job.device, job.ranks
    # One autocast for all passes: weights are cast once a step, not once a pass.
    with device.autocast_context(), learner.sharing():
        for part in learner.passes(indices, _cut(pace, device.type, ranks)):
            # All ranks take part in each pass; one that is dealt nothing adds zero.
            mine = ranks.share(part)
            loss = learner.loss(mine or part[:1]) * bool(mine) / len(indices)
            with device.without_autocast():
                loss.backward()
            losses.append(loss.detach())
    penalty = getattr(learner.model, "penalty", None)
    if penalty is not None:
        (penalty() / ranks.size).backward()
    if ranks.size > 1 and not ranks.sharded:
        _add_gradients(learner.model, ranks)
    return float(ranks.add_up(torch.stack(losses).sum()))


def _cut(pace: Pace, device: str, ranks: Ranks) -> Cut:
    """Of a batch, whose passes all ranks share."""
    return Cut(pace.micro * ranks.size, PASS_TOKENS[device] * ranks.size,
               pace.room * ranks.size)


def _add_gradients(model: nn.Module, ranks: Ranks) -> None:
    """Sum the gradients over ranks. A parameter that no rank's passes reached has none."""
    learns = [p for p in model.parameters() if p.requires_grad]
    reached = ranks.add_up(torch.tensor([float(p.grad is not None) for p in learns],
                                        device=learns[0].device))
    for parameter, somewhere in zip(learns, reached.tolist(), strict=True):
        if somewhere:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            ranks.add_up(parameter.grad)
