"""What validation says of a fit, by the form of its answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from harness.common.kinds import Kind
from harness.methods.job import Job
from harness.methods.learning.validated import HeldOut
from harness.methods.link import CLASS_LINKS, ClassLink
from harness.targets.choices import are_choices, named
from harness.targets.kinds import by_kind
from harness.targets.metric import Better, Metric
from harness.targets.metrics import LOG_LOSS, RMSE, SPAN_F1
from harness.targets.regression import Numbered, unread_as
from harness.targets.spans import NOTHING, Found, found
from harness.tasks.answers import SCORES
from harness.tasks.examples import Example, indicator, targets_of, weights_of
from harness.tasks.spread import worth
from harness.tasks.wording import Wording


def said_by(answers: np.ndarray, job: Job, loss: float | None = None) -> HeldOut:
    """Figures of what was answered to a job's validation items, as `Answering.predict` has it;
    `loss` is that of what is right, where it is known."""
    return HELD[job.task.kind](answers, job, loss)


def _better(metric: Metric | None) -> Better:
    return "higher" if metric is None else metric.better


def of_classes(link: ClassLink, probabilities: np.ndarray, examples: Sequence[Example],
               metric: Metric | None) -> HeldOut:
    """Figures of `probabilities` [items, classes], by the items' weights, as test items' are; where
    one is not finite the loss is NaN."""
    if not np.isfinite(probabilities).all():
        return HeldOut(None, math.nan, worth(examples))
    weights = weights_of(examples)
    run = link.marked(probabilities, indicator(examples, probabilities.shape[1]), weights)
    score = None if metric is None else metric.of(run, weights)
    return HeldOut(score, LOG_LOSS.of(run, weights) or 0.0, worth(examples), better=_better(metric))


def _by_class(answers: np.ndarray, job: Job, loss: float | None) -> HeldOut:
    link = CLASS_LINKS[job.task.kind]
    if are_choices(answers):
        return of_choices(link, answers, job)
    return of_classes(link, answers, job.validation, job.metric)


def of_choices(link: ClassLink, choices: np.ndarray, job: Job) -> HeldOut:
    """Figures of answers that only name classes, [items]. Their loss is the share that is wrong."""
    examples, weights = job.validation, weights_of(job.validation)
    run = replace(link.marked(named(choices, job.classes), indicator(examples, job.classes),
                              weights), graded=False)
    score = None if job.metric is None else job.metric.of(run, weights)
    wrong = float(np.average(~run.right, weights=weights))
    return HeldOut(score, wrong, worth(examples), better=_better(job.metric))


def in_words(answers: Sequence[str], examples: Sequence[Example], wording: Wording,
             metric: Metric | None, loss: float | None = None) -> HeldOut:
    """Figures of answers [items]; `loss` is that of the first references, where it is known."""
    if loss is None:
        loss = 1.0 - _mean("token_f1", answers, examples, wording)
    score = None if metric is None else _mean(metric.name, answers, examples, wording)
    return HeldOut(score, loss, worth(examples), better=_better(metric))


def _mean(metric: str, answers: Sequence[str], examples: Sequence[Example], wording: Wording
          ) -> float:
    return mean_of([SCORES[metric](answer, example.references, wording)
                    for answer, example in zip(answers, examples, strict=True)], examples)


def mean_of(values: Sequence[float] | np.ndarray, examples: Sequence[Example]) -> float:
    """Of what each item has, [items], by the items' weights."""
    return float(np.average(values, weights=weights_of(examples)))


def of_numbers(answers: np.ndarray, job: Job) -> HeldOut:
    """Figures of numbers [items, 1]; one that could not be read counts as the training mean. Where
    one that was not written is not finite the loss is NaN."""
    if not job.written and not np.isfinite(answers).all():
        return HeldOut(None, math.nan, worth(job.validation))
    train, held = (targets_of(part, 1)[:, 0] for part in (job.train, job.validation))
    weights = weights_of(job.validation)
    run = Numbered(unread_as(float(train.mean()), answers[:, 0]), held, weights)
    loss = (RMSE.of(run, weights) or 0.0) ** 2 / (float(train.var()) or 1.0)
    score = None if job.metric is None else job.metric.of(run, weights)
    error = None if job.metric is None else _jackknifed(job.metric, run)
    return HeldOut(score, loss, worth(job.validation), error, _better(job.metric))


def of_spans(answers: np.ndarray, job: Job, loss: float | None) -> HeldOut:
    """Figures of spans [items], of which one that could not be read, None, is none; `loss` is that
    of the words' tags, where it is known."""
    weights = weights_of(job.validation)
    run = found([own or NOTHING for own in answers], [e.spans or NOTHING for e in job.validation],
                job.classes, weights)
    score = None if job.metric is None else job.metric.of(run, weights)
    error = None if job.metric is None else _jackknifed(job.metric, run)
    missed = 1.0 - (SPAN_F1.of(run, weights) or 0.0)
    return HeldOut(score, missed if loss is None else loss, worth(job.validation), error,
                   _better(job.metric))


def _jackknifed(metric: Metric, run: Numbered | Found) -> float:
    """The standard error of a metric over items (Efron and Stein, Annals of Statistics 9, 1981)."""
    formula = metric.formula()
    each = formula.contributions(run)
    each = each if run.weights is None else each * run.weights[:, None]
    without = formula.finish((each.sum(axis=0) - each).T)
    without = without[np.isfinite(without)]
    count = len(without)
    apart = without - without.mean() if count else without
    return math.sqrt((count - 1) / count * float((apart**2).sum())) if count else 0.0


HELD: dict[Kind, Callable[[np.ndarray, Job, float | None], HeldOut]] = by_kind(
    one=_by_class, several=_by_class, numbers=lambda answers, job, loss: of_numbers(answers, job),
    spans=of_spans, words=lambda answers, job, loss: in_words(
        answers.tolist(), job.validation, job.task.wording, job.metric, loss))
