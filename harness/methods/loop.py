"""The one training loop, for every method that learns by gradient."""

from __future__ import annotations

import gc
import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from accelerate.utils import set_seed
from torch import nn
from torch.distributed.tensor import DTensor
from torch.optim.lr_scheduler import LambdaLR

from harness.backbones.batches import PASS_TOKENS, shuffled
from harness.backbones.flops import flop_counter
from harness.backbones.shards import spread
from harness.common.device import UNREPEATABLE, repeatable_gradients
from harness.common.ranks import Ranks
from harness.methods.method import CurvePoint, Job, Training

WARMUP = 0.1
MAX_GRADIENT_NORM = 1.0
RANK_SEEDS = 1_000_003
"""Between the seeds of two ranks' dropout."""
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

    def passes(self, indices: list[int], most: int, overhead: int) -> list[list[int]]:
        """A batch cut into passes of at most `most` items, each of which costs as much as
        `overhead` tokens."""

    def sharing(self) -> AbstractContextManager[None]:
        """Read what all passes of a step share once for the block; its gradient is taken last."""

    def loss(self, indices: list[int]) -> torch.Tensor:
        """Sum over these training examples of -log p(target), in nats."""

    def validate(self) -> float:
        """Log loss of the class probabilities on the validation split, nats an item."""


@dataclass
class _State:
    """What changes while the loop runs."""

    micro: int
    repeatable: bool
    """Whether a step may only do what repeats itself."""
    flops: float = 0.0
    """Of a step, by token; 0 where it is not known."""
    best: float = math.inf
    best_weights: dict[str, torch.Tensor] | None = None
    waited: int = 0


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch: the one place where it happens."""
    set_seed(seed)


def train(learner: Learner, job: Job, learning_rate: float, weight_decay: float) -> Training:
    """Train in place and leave the weights of the epoch with the lowest validation loss.

    AdamW, linear warm-up over a tenth of the steps, then linear decay; gradients clipped to norm
    1. Batches are random; each is computed in passes of similar length, and each pass is dealt
    to the job's ranks. Raises DivergedError.
    """
    with spread(learner.model, job.ranks, job.device.type):
        return _train(learner, job, learning_rate, weight_decay)


def _train(learner: Learner, job: Job, learning_rate: float, weight_decay: float) -> Training:
    trainable = [p for p in learner.model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=learning_rate, weight_decay=weight_decay,
                                  fused=True)
    budget, lengths = job.budget, learner.lengths()
    per_epoch = math.ceil(len(lengths) / budget.batch)
    steps = per_epoch * budget.epochs
    schedule = LambdaLR(optimizer, partial(_rate, steps=steps))
    # Where several learn together, the others wait in a pass that one leaves.
    training, state = Training(), _State(budget.batch, repeatable=job.ranks.size == 1)
    if job.ranks.rank:  # dropout of its own
        torch.manual_seed(job.seed + RANK_SEEDS * job.ranks.rank)
    for epoch in range(budget.epochs):
        learner.model.train()
        if epoch == 1 and learner.states is not None:
            state.flops = 0.0
        learner.begin(epoch)
        lengths = learner.lengths()
        batches = shuffled(len(lengths), budget.batch, f"{job.seed}:{epoch}")
        for indices in batches:
            loss = _step(learner, indices, optimizer, job, training, state)
            schedule.step()
            training.steps += 1
            training.epochs = training.steps / per_epoch
            tokens = sum(lengths[i] for i in indices)
            training.tokens += tokens
            training.flops += state.flops * tokens
            training.curve.append(CurvePoint(training.steps, training.epochs, loss))
            if not math.isfinite(loss):
                raise DivergedError(f"loss is {loss} at step {training.steps}", training)
            _reallocate(learner.model, training.steps)
            job.say(f"epoch {epoch + 1}/{budget.epochs}, step {training.steps}/{steps}")
        if not _keep_best(learner, job, training, state, epoch):
            break
    _restore(learner.model, state.best_weights)
    training.micro_batch = state.micro
    return training


def _rate(step: int, steps: int) -> float:
    """Share of the learning rate at a step from 0: up over a tenth of the steps, then down.

    No step has a rate of zero, or a short training would waste its first.
    """
    warmup = math.ceil(WARMUP * steps)
    if step < warmup:
        return (step + 1) / warmup
    return (steps - step) / max(1, steps - warmup)


def _step(learner: Learner, indices: list[int], optimizer: Any, job: Job, training: Training,
          state: _State) -> float:
    """One optimiser step over `indices`, anew with what `_give_way` gives up."""
    while True:
        try:
            optimizer.zero_grad()
            loss = _gradients(learner, indices, job, state)
            break
        except (MemoryError, RuntimeError) as error:
            noted = None if job.ranks.size > 1 else _give_way(error, state)
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


def _give_way(error: Exception, state: _State) -> str | None:
    """Give up half the micro-batch for want of memory, or repeatability for an operation that has
    none: a note that says so. None where neither is the matter, or nothing is left to give."""
    text = str(error).lower()
    if UNREPEATABLE in text and state.repeatable:
        state.repeatable = False
        return f"may not repeat itself bit for bit: {text.split(maxsplit=1)[0]} has no such form"
    if state.micro > 1 and (isinstance(error, MemoryError)
                            or any(sign in text for sign in OUT_OF_MEMORY)):
        state.micro = math.ceil(state.micro / 2)
        return f"out of memory: micro-batch halved to {state.micro} at the same effective batch"
    return None


def _gradients(learner: Learner, indices: list[int], job: Job, state: _State) -> float:
    """The loss of a step, whose gradients are added up; its arithmetic, too, where that is unknown.
    """
    with repeatable_gradients(job.device) if state.repeatable else nullcontext():
        if state.flops:
            return _accumulate(learner, indices, job, state.micro)
        with flop_counter() as counter:
            loss = _accumulate(learner, indices, job, state.micro)
    lengths = learner.lengths()
    state.flops = (job.ranks.size * counter.get_total_flops()
                   / sum(lengths[i] for i in indices))
    return loss


def _clip(model: nn.Module) -> float:
    """Clip the gradient's norm and return what it was; of sharded gradients that of the whole."""
    norm = nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
    return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)


def _accumulate(learner: Learner, indices: list[int], job: Job, micro: int) -> float:
    """Add up the gradients of a batch's passes; its mean loss in nats."""
    losses, device, ranks = [], job.device, job.ranks
    # One autocast for all passes: weights are cast once a step, not once a pass.
    with device.autocast_context(), learner.sharing():
        for part in learner.passes(indices, micro * ranks.size,
                                   PASS_TOKENS[device.type] * ranks.size):
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


def _reallocate(model: Any, step: int) -> None:
    """Let a tuner that shares out its parameters while it learns do so, between two steps."""
    share_out = getattr(model, "update_and_allocate", None)
    if share_out is not None:
        share_out(step)


def _keep_best(learner: Learner, job: Job, training: Training, state: _State, epoch: int) -> bool:
    """Validate and remember the best weights. False when patience is at its end."""
    loss = job.ranks.first(learner.validate())
    training.curve[-1].validation_loss = loss
    if not math.isfinite(loss):
        raise DivergedError(f"validation loss is {loss} after epoch {epoch + 1}", training)
    if loss < state.best:
        state.best, state.waited, training.best_epoch = loss, 0, epoch + 1
        # After the last epoch the best weights are those in place: a copy would be for nothing.
        state.best_weights = None if epoch + 1 == job.budget.epochs else {
            name: p.detach().clone()
            for name, p in learner.model.named_parameters() if p.requires_grad}
    else:
        state.waited += 1
    return state.waited < job.budget.patience


def _restore(model: nn.Module, weights: dict[str, torch.Tensor] | None) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if weights and name in weights:
                parameter.copy_(weights[name])
    model.eval()
