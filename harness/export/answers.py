"""The run's test items answered again by what lies in the folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from harness.common.clock import Clock
from harness.common.kinds import ExportFormat
from harness.compare.jackknife import jackknife
from harness.compare.uncertainty import Figure
from harness.measure.latency import LatencyFigures, measure_latency
from harness.measure.merge import Merge
from harness.measure.part import RecordPart
from harness.methods.fitted import Answering
from harness.methods.reading import reading
from harness.study.assignment import Assignment, load_served
from harness.study.merging import answered_otherwise
from harness.study.moved import changed
from harness.study.tables import table_of
from harness.suite import Latency
from harness.targets.answers import read_answers
from harness.targets.metric import Metric
from harness.tasks.examples import asked, weights_of
from harness.tasks.task import Task

WEIGHTS = (".safetensors", ".onnx", ".gguf")


class ChangedAnswer(RecordPart):
    """An item that the folder answers otherwise than the run did."""

    item: str
    before: str
    after: str
    right: str


class Bytes(RecordPart):
    """What lies in the folder."""

    weights: int
    folder: int
    """Everything, tokenizer and texts too."""
    of_fp32: float
    """The weights' share of those of the whole model in fp32."""


class AnsweredAgain(RecordPart):
    """What the folder answers beside the answers that the run kept; `answers.json`."""

    format: ExportFormat
    run_id: str
    changes: Merge
    """Before is the run, after the folder."""
    changed: tuple[ChangedAnswer, ...]
    """Every item whose answer is another, as it is read."""
    before: Figure | None
    after: Figure | None
    """The deciding metric with its 95% interval over the test items; None where it has none."""
    bytes: Bytes
    latency: dict[str, LatencyFigures]
    """`served`: the run as it is served here; `exported`: the folder. Interleaved rounds."""

    @property
    def items(self) -> int:
        """How many were answered."""
        return self.changes.items

    @property
    def equal(self) -> int:
        """How many of them are answered as before."""
        return self.changes.items - self.changes.changed

    @property
    def speed(self) -> tuple[float, float]:
        """The folder's median latency over that of the run as served, and its items a second over
        those of it."""
        served, own = self.latency["served"], self.latency["exported"]
        return own.p50_ms / served.p50_ms, own.items_per_second / served.items_per_second


def answer_again(assignment: Assignment, to: ExportFormat, answering: Answering,
                 before: pa.Table, metric: Metric, bytes_of: Bytes, settings: Latency,
                 say: Callable[[str], None]) -> tuple[AnsweredAgain, pa.Table]:
    """Ask the folder what the run was asked, and time both side by side. `before` is the run's
    table of predictions, `metric` what decides its study. The second is the folder's own."""
    task, test = assignment.task, assignment.task.splits.test
    say(f"asking the folder {len(test)} items")
    after = table_of(task, test, answering.predict(asked(test), Clock()))
    figures = _figures(task, before, after, metric.name)
    words = assignment.budget.words
    served = reading(load_served(assignment), words)
    timed = measure_latency({"served": served, "exported": reading(answering, words)}, asked(test),
                            settings, assignment.device, f"export {to}", say)
    return AnsweredAgain(
        format=to, run_id=assignment.identity.run_id,
        changes=answered_otherwise(task, before, after, metric),
        changed=_changed(task, before, after), before=figures[0], after=figures[1],
        bytes=bytes_of, latency=timed), after


def bytes_in(folder: Path, parameters: int) -> Bytes:
    """Of a folder whose model has so many parameters."""
    weights = sum(path.stat().st_size for path in weights_in(folder))
    every = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Bytes(weights=weights, folder=every, of_fp32=weights / (4 * parameters))


def weights_in(folder: Path) -> list[Path]:
    """The files of weights below a folder."""
    return sorted(path for path in folder.rglob("*") if path.suffix in WEIGHTS)


def _figures(task: Task, before: pa.Table, after: pa.Table, metric: str) -> list[Figure | None]:
    answers = read_answers(task.kind, [before, after], task.labels,
                           weights_of(task.splits.test))
    found = jackknife(answers)
    return [found.figure(metric, [place]) for place in (0, 1)]


def _changed(task: Task, before: pa.Table, after: pa.Table) -> tuple[ChangedAnswer, ...]:
    others = changed(before.to_pandas(), after.to_pandas()).nonzero()[0].tolist()
    both = read_answers(task.kind, [before, after], task.labels, weights_of(task.splits.test))
    said, right = both.said(task.labels)
    return tuple(ChangedAnswer(item=task.splits.test[i].id, before=str(said[0][i]),
                               after=str(said[1][i]), right=str(right[i])) for i in others)
