"""Hyper-parameter trials: the same number for every method, chosen on validation."""

from __future__ import annotations

import dataclasses
import gc
from dataclasses import dataclass

from harness.common.clock import Clock
from harness.methods.link import LINKS, held_out_loss
from harness.methods.loop import DivergedError, seed_everything
from harness.methods.method import Fit, Job, Method, Setting
from harness.tasks.answers import token_f1


@dataclass(frozen=True)
class Trial:
    """One setting tried: its validation loss and its stand-alone seconds.

    The loss is the log loss in nats an item; of a method that answers in words without training it
    is 1 minus token F1.
    """

    setting: Setting
    seconds: float
    flops: float
    validation_loss: float | None
    failure: str | None = None


@dataclass(frozen=True)
class Chosen:
    """The best fit, the setting that made it, and every trial, its own included.

    `clock` timed the chosen fit alone.
    """

    fit: Fit
    setting: Setting
    clock: Clock
    trials: tuple[Trial, ...] = ()


def fit_once(method: Method, job: Job, setting: Setting, clock: Clock | None = None) -> Chosen:
    """Fit one setting, from freshly seeded generators; timed by `clock`, or by one of its own."""
    alone = dataclasses.replace(job, clock=clock or Clock())
    seed_everything(job.seed)
    return Chosen(method.fit(alone, setting), setting, alone.clock)


def tune(method: Method, job: Job) -> Chosen:
    """Try the budget's number of settings and keep the fit with the lowest validation loss.

    The fit of the winning trial is the run's fit: fitting again from the same seed would give
    the same weights. Raises DivergedError when every trial diverged.
    """
    settings = method.settings(job)[: job.budget.trials]
    best: tuple[float, Chosen] | None = None
    trials: list[Trial] = []
    diverged: DivergedError | None = None
    for number, setting in enumerate(settings, 1):
        telling = job if len(settings) == 1 else _numbered(job, f"trial {number}/{len(settings)}")
        clock = Clock()
        try:
            chosen = fit_once(method, telling, setting, clock)
        except DivergedError as error:  # what it took is part of what the method costs
            trials.append(Trial(setting, clock.stand_alone(), error.training.flops, None,
                                str(error)))
            diverged = error
            continue
        loss = _validation_loss(chosen, telling) if len(settings) > 1 else 0.0
        training = chosen.fit.training
        trials.append(Trial(setting, chosen.clock.stand_alone(),
                            training.flops if training else 0.0,
                            loss if len(settings) > 1 else None))
        if best is None or loss < best[0]:
            best = (loss, chosen)
        del chosen
        gc.collect()
    if best is None:
        raise diverged or RuntimeError("no setting was tried")
    return dataclasses.replace(best[1], trials=tuple(trials))


def _numbered(job: Job, trial: str) -> Job:
    return dataclasses.replace(job, say=lambda text: job.say(f"{trial}: {text}"))


def _validation_loss(chosen: Chosen, job: Job) -> float:
    training = chosen.fit.training
    if training is not None:
        return min(p.validation_loss for p in training.curve if p.validation_loss is not None)
    answers = chosen.fit.fitted.predict(job.validation, chosen.clock)
    if job.task.kind == "generation":
        scores = [token_f1(a, e.references, job.task.wording)
                  for a, e in zip(answers, job.validation, strict=True)]
        return 1.0 - sum(scores) / len(scores)
    return held_out_loss(LINKS[job.task.kind], answers, job.validation)
