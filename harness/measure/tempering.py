"""What a temperature made of a run's probabilities."""

from __future__ import annotations

from harness.measure.part import RecordPart


class Tempering(RecordPart):
    """Figures on the run's test items before and after; after is what the record has elsewhere."""

    temperature: float
    """Above 1 it was too sure."""
    items: int
    """Of validation, which it was fitted on."""
    log_loss_before: float
    log_loss: float
    calibration_error_before: float
    calibration_error: float
