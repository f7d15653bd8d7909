"""Hyper-parameter trials: the same number for every method, chosen on validation."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Sequence
from dataclasses import dataclass

from harness.common.clock import Clock
from harness.common.errors import CannotRunError
from harness.methods.fitted import Fit
from harness.methods.job import Job
from harness.methods.learning.held_out import said_by
from harness.methods.learning.loop import seed_everything
from harness.methods.learning.offers import grid
from harness.methods.learning.step import DivergedError
from harness.methods.learning.validated import HeldOut
from harness.methods.majority import Majority
from harness.methods.method import Method, Setting
from harness.tasks.examples import asked


@dataclass(frozen=True)
class Trial:
    """One setting tried: what validation said of its fit, and its stand-alone seconds."""

    setting: Setting
    seconds: float
    flops: float
    held: HeldOut | None
    """None where there was nothing to choose from, or the fit failed."""
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
    held: HeldOut | None = None
    """What validation said of it; None where it was not asked."""
    at_edge: bool = False
    """Whether the setting lies at the end of those tried, beside the method's usual one, and the
    method's grid goes on there."""
    whole_grid: bool = False
    """Whether its grid has no setting that was not tried."""


def fit_once(method: Method, job: Job, setting: Setting, clock: Clock | None = None) -> Chosen:
    """Fit one setting, from freshly seeded generators; timed by `clock`, or by one of its own."""
    alone = dataclasses.replace(job, clock=clock or Clock())
    seed_everything(job.seed)
    return Chosen(method.fit(alone, setting), setting, alone.clock)


def tune(method: Method, job: Job) -> Chosen:
    """Try the budget's number of settings, or all of a grid that is swept, and keep the fit
    that is best on validation, by the job's metric, of those within the method's limit.

    The fit of the winning trial is the run's fit: fitting again from the same seed would give
    the same weights. Raises DivergedError when every trial diverged, and CannotRunError when none
    is within the limit.
    """
    every = grid(method, job)
    settings = every[: job.budget.trials] if not method.swept else every
    clocks = [Clock() for _ in settings]
    limit = method.limit(dataclasses.replace(job, clock=clocks[0]))
    best: tuple[HeldOut | None, Chosen] | None = None
    trials: list[Trial] = []
    diverged: DivergedError | None = None
    beyond: str | None = None
    for number, (setting, clock) in enumerate(zip(settings, clocks, strict=True), 1):
        telling = job if len(settings) == 1 else _numbered(job, f"trial {number}/{len(settings)}")
        try:
            chosen = fit_once(method, telling, setting, clock)
        except DivergedError as error:  # what it took is part of what the method costs
            trials.append(Trial(setting, clock.stand_alone(), error.training.flops, None,
                                str(error)))
            diverged = error
            continue
        held = held_out(chosen.fit, telling, clock) if len(settings) > 1 else None
        training, reason = chosen.fit.training, limit(chosen.fit, clock) if limit else None
        beyond = beyond or reason
        trials.append(Trial(setting, clock.stand_alone(), training.flops if training else 0.0,
                            held, reason))
        if reason is None and (best is None or _better(method, held, best[0])):
            best = (held, chosen)
        del chosen
        gc.collect()
    if best is None:
        raise diverged or CannotRunError(f"no setting may be chosen: {beyond}")
    held, chosen = best
    return dataclasses.replace(chosen, trials=tuple(trials), held=held,
                               at_edge=at_edge(chosen.setting, settings, every),
                               whole_grid=len(settings) == len(every))


def _better(method: Method, held: HeldOut | None, best: HeldOut | None) -> bool:
    """Whether validation says more of a fit than of the best before it."""
    if held is None or best is None:
        return False
    if not method.swept or held.score is None:
        return held.beats(best)
    return held.outscores(best)


def at_edge(chosen: Setting, tried: Sequence[Setting], grid: Sequence[Setting]) -> bool:
    """Whether a number of the chosen setting is the least or the largest of several tried, and the
    grid has others beyond it. The first that was tried is the method's usual one, which is no
    edge: a second trial has one side of it alone."""
    for name, value in chosen.items():
        if isinstance(value, str) or value == tried[0].get(name):
            continue
        ours, all_of_it = ({float(s[name]) for s in settings if name in s}
                           for settings in (tried, grid))
        if len(ours) > 1 and ((value == min(ours) > min(all_of_it))
                              or (value == max(ours) < max(all_of_it))):
            return True
    return False


def held_out(fit: Fit, job: Job, clock: Clock) -> HeldOut:
    """What validation says of a fit: what its training heard, or else its answers, timed."""
    if fit.training is not None and fit.training.held is not None:
        return fit.training.held
    answers = fit.fitted.predict(asked(job.validation), clock)
    return said_by(answers, job)


def chance(job: Job) -> HeldOut:
    """What validation says of the most frequent class, or answer, of the training examples."""
    return held_out(Majority({}).fit(dataclasses.replace(job, clock=Clock()), {}), job, Clock())


def _numbered(job: Job, trial: str) -> Job:
    return dataclasses.replace(job, say=lambda text: job.say(f"{trial}: {text}"))
