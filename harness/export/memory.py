"""What a process grows by to load a run as it is served, or as it ships, and answer a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.backbones.load import Loaded
from harness.common.kinds import ExportFormat
from harness.export.asked_again import ExportJob, Reader
from harness.export.formats import find_format
from harness.export.whole import Whole, in_fp32
from harness.gate.run import BATCH
from harness.gate.timing import MemoryJob, measure_memory
from harness.methods.fitted import Answering
from harness.processes.own import Say, in_own_process
from harness.processes.server import start_server
from harness.study.assignment import Assignment, load_served, make_job
from harness.tasks.examples import asked


@dataclass(frozen=True)
class InFolder:
    """An exported run, loaded from its folder alone."""

    assignment: Assignment
    to: ExportFormat
    folder: Path
    reader: Reader

    def load(self) -> Answering:
        """As it was asked the test items."""
        reader, job = self.reader, make_job(in_fp32(self.assignment), lambda text: None)
        loaded = Loaded(None, reader.processor, reader.window)
        fitted: Any = None  # nothing that answers from a folder reads it
        whole = Whole(reader.label, loaded, reader.answers, job, fitted)
        return find_format(self.to, whole).load(whole, self.folder)


@dataclass(frozen=True)
class AsServed:
    """The run as it is served here."""

    assignment: Assignment

    def load(self) -> Answering:
        """Merged, where it can be."""
        return load_served(self.assignment)


def memory_of(job: ExportJob, readers: Sequence[Reader | None], say: Say
              ) -> Mapping[ExportFormat, Mapping[str, int]]:
    """Fields of `AsExported`, by format, of what was written into the job's folder. Nothing of a
    run on a GPU, whose memory is another."""
    assignment, folder = job.assignment, job.folder
    if assignment.device.type != "cpu" or folder is None or not any(readers):
        return {}
    items = tuple(asked(assignment.task.splits.test[:BATCH]))

    def grown(model: Any) -> int | None:
        outcome = in_own_process(start_server(), measure_memory,
                                 MemoryJob(model, items, assignment.device), say)
        return None if outcome.failure is not None else int(outcome.result)

    say("memory, as served")
    served, found = grown(AsServed(assignment)), {}
    for to, reader in zip(job.keys, readers, strict=True):
        if reader is not None:
            say(f"memory, as {to}")
            own = grown(InFolder(assignment, to, folder / to, reader))
            found[to] = {name: value for name, value in (
                ("memory_bytes", own), ("served_memory_bytes", served)) if value is not None}
    return found
