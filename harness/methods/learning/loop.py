"""The one training loop, for every method that learns by gradient."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import torch
from accelerate.utils import set_seed

from harness.backbones.activations import pass_room
from harness.backbones.batches import shuffled
from harness.backbones.shards import spread
from harness.methods.job import Job
from harness.methods.learning.best import Best
from harness.methods.learning.rates import EVEN, Rates, rate_groups
from harness.methods.learning.schedule import Schedule, schedule_of
from harness.methods.learning.step import DivergedError, Learner, Pace, take_step
from harness.methods.learning.training import CurvePoint, Training

RANK_SEEDS = 1_000_003
"""Between the seeds of two ranks' dropout."""


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch: the one place where it happens."""
    set_seed(seed)


def train(learner: Learner, job: Job, learning_rate: float, weight_decay: float,
          rates: Rates = EVEN) -> Training:
    """Train in place and leave the weights that are best on validation, by the deciding metric.

    AdamW on the schedule of `methods.learning.schedule`, by `rates`; gradients clipped to norm 1.
    Batches are random; each is computed in passes of similar length, and each pass is dealt to the
    job's ranks. Raises DivergedError.
    """
    with spread(learner.model, job.ranks, job.device.type):
        groups = rate_groups(learner.model, learning_rate, rates.layer_decay)
        optimizer = torch.optim.AdamW(groups, weight_decay=weight_decay, fused=True)
        if job.ranks.rank:  # dropout of its own
            torch.manual_seed(job.seed + RANK_SEEDS * job.ranks.rank)
        # Where several learn together, the others wait in a pass that one leaves.
        pace = Pace(job.budget.batch, repeatable=job.ranks.size == 1,
                    room=pass_room(learner.model, job.device.type))
        schedule = schedule_of(len(learner.lengths()), job.budget, rates.warmup)
        return _UnderWay(learner, job, optimizer, schedule, pace).to_its_end()


@dataclass
class _UnderWay:
    """A training, and how far it has come."""

    learner: Learner
    job: Job
    optimizer: Any
    schedule: Schedule
    pace: Pace
    training: Training = field(default_factory=Training)
    best: Best = field(default_factory=Best)
    cools: int | None = None
    """Steps that were done when cooling down began."""
    lengths: list[int] = field(default_factory=list)
    """Tokens of each training example of this pass."""

    def __post_init__(self) -> None:
        self.peaks = [group["lr"] for group in self.optimizer.param_groups]

    @property
    def end(self) -> int:
        """The steps that it takes, as far as is known."""
        return self.schedule.most if self.cools is None else self.schedule.end(self.cools)

    def to_its_end(self) -> Training:
        """What was seen on the way; the model is left with the best weights."""
        training = self.training
        for indices in self._batches():
            self._learn(indices)
            if training.steps % self.schedule.every == 0 or training.steps == self.end:
                self._look()
            if self.cools is None:
                self._stop_improving()
            if training.steps == self.end:
                break
        self.best.restore(self.learner.model)
        training.held, training.best_step = self.best.found, self.best.step
        training.micro_batch = self.pace.micro
        return training

    def _batches(self) -> Iterator[list[int]]:
        """Passes over the examples without end, each in an order of its own."""
        for number in count():
            if number == 1 and self.learner.states is not None:
                self.pace.flops = 0.0
            self.learner.model.train()
            self.learner.begin(number)
            self.lengths = self.learner.lengths()
            yield from shuffled(len(self.lengths), self.job.budget.batch,
                                f"{self.job.seed}:{number}")

    def _learn(self, indices: list[int]) -> None:
        """One step."""
        training = self.training
        rate = self.schedule.rate(training.steps, self.cools)
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = rate * peak
        start = time.perf_counter()
        loss = take_step(self.learner, indices, self.optimizer, self.job, training, self.pace)
        seconds = time.perf_counter() - start
        tokens = sum(self.lengths[i] for i in indices)
        training.steps += 1
        training.examples += len(indices)
        training.epochs = training.steps / self.schedule.per_pass
        training.tokens += tokens
        training.flops += self.pace.flops * tokens
        training.curve.append(CurvePoint(training.steps, training.epochs, loss,
                                         seconds=seconds, tokens=tokens))
        if not math.isfinite(loss):
            raise DivergedError(f"loss is {loss} at step {training.steps}", training)
        _reallocate(self.learner.model, training.steps)
        self.job.say(f"epoch {math.ceil(training.epochs)}, step {training.steps}/{self.end}")

    def _look(self) -> None:
        """See what validation says of the weights in place."""
        steps, point = self.training.steps, self.training.curve[-1]
        held = self.job.ranks.first(self.learner.validate())
        point.validation_loss, point.validation_score = held.loss, held.score
        if not math.isfinite(held.loss):
            raise DivergedError(f"validation loss is {held.loss} at step {steps}", self.training)
        self.best.hear(held, steps, self.learner.model, last=steps == self.end)
        self.learner.model.train()

    def _stop_improving(self) -> None:
        """Begin to cool down where patience is at its end, or no more steps are left than that
        takes."""
        training = self.training
        out_of_patience = self.best.waited >= self.job.budget.patience
        if out_of_patience or training.steps >= self.schedule.constant:
            self.cools = training.steps
            training.stopped = "patience" if out_of_patience else "budget"
            training.still_improving = not out_of_patience and self.best.waited == 0


def _reallocate(model: Any, step: int) -> None:
    """Let a tuner that shares out its parameters while it learns do so, between two steps."""
    share_out = getattr(model, "update_and_allocate", None)
    if share_out is not None:
        share_out(step)
