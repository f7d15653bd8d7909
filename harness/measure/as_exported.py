"""What a run is once it is exported: its answers as they ship, bytes, memory and latency."""

from __future__ import annotations

from pydantic import Field

from harness.common.kinds import ExportFormat
from harness.measure.latency import LatencyFigures
from harness.measure.merge import Merge
from harness.measure.part import RecordPart


class AsExported(RecordPart):
    """One format of a run. Everything but the reason is empty where it could not be written."""

    format: ExportFormat
    key: str
    """What was exported, and by what code and libraries."""
    reason: str | None = None
    """Why it could not be written, or asked."""
    changes: Merge | None = None
    """Its answers to the test items beside the run's: before is the run, after the export."""
    answers_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    """Of the file of its answers."""
    weights_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    """Over the files of its weights."""
    weights_bytes: int = Field(0, ge=0)
    fp32_bytes: int = Field(0, ge=0)
    """Of the whole model in fp32."""
    write_seconds: float = Field(0.0, ge=0)
    memory_bytes: int | None = None
    """What a process grows by at its peak to load it and answer a batch; of a first seed alone."""
    served_memory_bytes: int | None = None
    """The same of the run as it is served here."""
    latency: LatencyFigures | None = None
    """In the study's round, of a first seed alone."""
