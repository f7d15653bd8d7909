"""Overfitting: how figures differ between training, validation and test items."""

from __future__ import annotations

from harness.measure.part import RecordPart
from harness.measure.quality import Quality


class SplitFigures(RecordPart):
    """A few figures of one split; log loss in nats an item."""

    items: int
    accuracy: float
    macro_f1: float
    log_loss: float


class Overfitting(RecordPart):
    """The same figures on each split, and how they differ.

    `train` is over the first training items, as many as there are validation items. A method
    that retrieves finds a training item itself among its neighbours.
    """

    train: SplitFigures
    validation: SplitFigures
    test: SplitFigures
    accuracy_gap: float
    log_loss_gap: float
    """Test minus training, nats an item: positive when the test items are harder."""


def overfitting(train: Quality, validation: Quality, test: Quality) -> Overfitting:
    """Figures side by side."""
    return Overfitting(
        train=_figures(train), validation=_figures(validation), test=_figures(test),
        accuracy_gap=train.accuracy - test.accuracy, log_loss_gap=test.log_loss - train.log_loss,
    )


def _figures(quality: Quality) -> SplitFigures:
    return SplitFigures(items=quality.items, accuracy=quality.accuracy, macro_f1=quality.macro_f1,
                        log_loss=quality.log_loss)
