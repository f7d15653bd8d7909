"""Parts of a record that restate what a run did."""

from __future__ import annotations

from statistics import median

from harness.backbones.endpoint.endpoint import Endpoint
from harness.backbones.handle import Handle
from harness.backbones.lengths import share_too_long
from harness.common.capabilities import INPUTS
from harness.common.clock import Clock
from harness.common.files import sha256_json
from harness.common.text import without_folders
from harness.methods.asking.served import writer_of
from harness.methods.job import Job
from harness.methods.learning.held_out import said_by
from harness.methods.learning.schedule import Course
from harness.methods.learning.training import Training
from harness.methods.learning.trials import Chosen, chance, held_out
from harness.study.record import BudgetUsed, CurveRecord, Ending, ItemsRead, TrialRecord
from harness.targets.metrics import LOG_LOSS
from harness.tasks.cut import words_of
from harness.tasks.examples import asked, weights_of
from harness.tasks.splits import Splits
from harness.tasks.spread import worth


def budget_used(job: Job, splits: Splits, training: Training | None, course: Course
                ) -> BudgetUsed:
    """What the chosen fit used of its budget; `course` is how the method goes through the items."""
    budget = job.budget
    return BudgetUsed(
        train_items=len(splits.train), validation_items=len(splits.validation),
        test_items=len(splits.test), steps_allowed=course.steps(len(job.train), budget.batch),
        epochs_used=training.epochs if training else 0.0,
        taught_items=training.taught if training else None,
        steps=training.steps if training else 0,
        best_step=training.best_step if training else None, effective_batch=budget.batch,
        micro_batch=training.micro_batch if training else None, max_length=budget.max_length,
        examples_seen=training.examples if training else 0, texts=course.texts,
        tokens_seen=training.tokens if training else 0, share_cut=_share_cut(job),
        read=items_read(job, splits),
    )


def items_read(job: Job, splits: Splits) -> ItemsRead:
    """What the method was given to learn from and to choose by, and what it then answered."""
    lengths = ([words_of(example) for example in (*job.train, *splits.test)]
               if INPUTS[job.task.input].in_words else [])
    return ItemsRead(
        train_sha256=sha256_json([e.id for e in job.train]),
        validation_sha256=sha256_json([e.id for e in job.validation]),
        words_sha256=sha256_json([list(e.content) for part in
                                  (job.train, job.validation, splits.test) for e in part]),
        words_median=median(lengths) if lengths else None,
        words_longest=max(lengths, default=None))


def _share_cut(job: Job) -> float | None:
    if job.endpoint is not None:
        cut = writer_of(job.task, job.endpoint, job.budget.max_length).cut(job.train)
        return sum(cut) / len(cut)
    if job.backbone is None:
        return None
    return share_too_long(job.backbone, job.task, job.train, job.budget.max_length)


def curve_records(training: Training | None) -> tuple[CurveRecord, ...]:
    """The loss curve of the chosen fit."""
    return tuple(
        CurveRecord(step=p.step, epoch=p.epoch, train_loss=p.train_loss,
                    validation_loss=p.validation_loss, validation_score=p.validation_score)
        for p in (training.curve if training else ())
    )


def trial_records(chosen: Chosen) -> tuple[TrialRecord, ...]:
    """Every setting tried, the chosen one included."""
    return tuple(
        TrialRecord(setting=t.setting, validation_loss=t.held.loss if t.held else None,
                    score=t.held.score if t.held else None, seconds=t.seconds,
                    failure=t.failure and without_folders(t.failure)) for t in chosen.trials)


def ending(job: Job, chosen: Chosen) -> Ending:
    """How the chosen fit came to its end. Where nothing was chosen, validation is answered here: it
    is no part of what the method costs."""
    training, floor = chosen.fit.training, chance(job)
    held = said = chosen.held or held_out(chosen.fit, job, Clock())
    if said.by is not None:  # of what it finds, which chance has no figure of
        said = said_by(chosen.fit.fitted.predict(asked(job.validation), Clock()), job)
    above = said.beats(floor) if said.score is None else said.outscores(floor)
    return Ending(
        chosen_by=held.by or (job.metric or LOG_LOSS).name,
        passes=training.epochs if training else 0.0,
        steps=training.steps if training else 0,
        stopped=training.stopped if training else "no training",
        still_improving=training.still_improving if training else False,
        edge_of_grid=chosen.at_edge, whole_grid=chosen.whole_grid, above_chance=above,
        validation_items=len(job.validation), validation_score=held.score,
        validation_worth=None if weights_of(job.validation) is None else worth(job.validation))


def notes(backbone: Handle | Endpoint | None, chosen: Chosen) -> tuple[str, ...]:
    """What a reader of the numbers must know."""
    training = chosen.fit.training
    return (*(backbone.notes if backbone else ()), *(training.notes if training else ()))
