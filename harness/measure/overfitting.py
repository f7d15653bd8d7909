"""Overfitting: how figures differ between training, validation and test items."""

from __future__ import annotations

from harness.measure.multilabel import SetQuality
from harness.measure.part import RecordPart
from harness.measure.quality import Quality


class SplitFigures(RecordPart):
    """A few figures of one split; log loss in nats, as the record's quality has it."""

    items: int
    accuracy: float
    """Share of the items right: in all of their classes, where they may have several."""
    macro_f1: float
    log_loss: float | None
    """None of answers that only name classes."""


class Overfitting(RecordPart):
    """The same figures on each split, and how they differ.

    `train` is over the first training items, as many as there are validation items. A method
    that retrieves finds a training item itself among its neighbours. Validation and test items
    count by their weights.
    """

    train: SplitFigures
    validation: SplitFigures
    test: SplitFigures
    accuracy_gap: float
    log_loss_gap: float | None
    """Test minus training, in nats: positive when the test items are harder."""


def overfitting(train: Quality | SetQuality, validation: Quality | SetQuality,
                test: Quality | SetQuality) -> Overfitting:
    """Figures side by side."""
    seen, held, tested = (_figures(quality) for quality in (train, validation, test))
    return Overfitting(train=seen, validation=held, test=tested,
                       accuracy_gap=seen.accuracy - tested.accuracy,
                       log_loss_gap=None if tested.log_loss is None or seen.log_loss is None
                       else tested.log_loss - seen.log_loss)


def _figures(quality: Quality | SetQuality) -> SplitFigures:
    right = quality.accuracy if isinstance(quality, Quality) else quality.subset_accuracy
    return SplitFigures(items=quality.items, accuracy=right, macro_f1=quality.macro_f1,
                        log_loss=quality.log_loss)
