"""What a temperature made of a run's probabilities."""

from __future__ import annotations

from typing import Literal

from harness.measure.part import RecordPart


class Tempering(RecordPart):
    """Figures on the run's test items before and after; after is what the record has elsewhere."""

    temperature: float
    """Above 1 it was too sure."""
    items: int
    """Which it was fitted on."""
    part: Literal["validation", "calibration"] = "validation"
    """Of which these are."""
    log_loss_before: float
    log_loss: float
    calibration_error_before: float
    calibration_error: float
