"""The temperature of a run's probabilities: fitted on validation, applied to all that it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from harness.common.clock import Clock
from harness.measure.tempering import Tempering
from harness.methods.fitted import Answering
from harness.methods.link import CLASS_LINKS
from harness.methods.tempered import Tempered, cooled, temperature_of
from harness.suite import Kind
from harness.targets.metrics import CALIBRATION_ERROR, LOG_LOSS
from harness.tasks.examples import Example, Item, asked, indicator, weights_of
from harness.tasks.task import Task


def fitted_temperature(kind: Kind, fitted: Answering, on: Sequence[Example]) -> float:
    """By what it says of these items, which are no test items."""
    return temperature_of(fitted.predict(asked(on), Clock()), on, CLASS_LINKS[kind])


def tempered(model: Answering, kind: Kind, temperature: float | None) -> Answering:
    """The model at this temperature; as it is where there is none."""
    return model if temperature is None else Tempered(model, temperature, CLASS_LINKS[kind])


@dataclass
class Noting:
    """A model, and what it has said, by the ids of the items that it was asked together."""

    model: Answering
    said: dict[tuple[str, ...], np.ndarray] = field(default_factory=dict)

    def predict(self, items: Sequence[Item], clock: Clock) -> np.ndarray:
        """As the model does."""
        found = self.model.predict(items, clock)
        self.said[tuple(item.id for item in items)] = found
        return found


def tempering(task: Task, noted: Noting, temperature: float | None, items: int
              ) -> Tempering | None:
    """What a temperature, fitted on so many items, made of what was noted of the test items."""
    if temperature is None:
        return None
    test, link = task.splits.test, CLASS_LINKS[task.kind]
    weights, actual = weights_of(test), indicator(test, len(task.labels))
    before = noted.said[tuple(item.id for item in test)]
    runs = [link.marked(one, actual, weights)
            for one in (before, cooled(before, temperature, link))]
    loss, error = ([metric.of(run, weights) or 0.0 for run in runs]
                   for metric in (LOG_LOSS, CALIBRATION_ERROR))
    part: Literal["calibration", "validation"] = (
        "calibration" if len(task.splits.calibration) else "validation")
    return Tempering(temperature=temperature, items=items, part=part, log_loss_before=loss[0],
                     log_loss=loss[1], calibration_error_before=error[0],
                     calibration_error=error[1])
