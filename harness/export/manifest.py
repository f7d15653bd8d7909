"""What a folder holds and where it came from: `export.json`."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.backbones.vision.processor import PictureProcessor
from harness.common.files import sha256_file
from harness.common.kinds import Ends, ExportFormat, Kind
from harness.common.now import now
from harness.export.whole import Whole
from harness.measure.part import RecordPart
from harness.study.record import Record
from harness.targets.kinds import KINDS
from harness.targets.multilabel import THRESHOLD

SCHEMA_VERSION = 1
LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "peft", "sentence-transformers",
             "onnx", "onnxruntime", "onnxscript")


class Reads(RecordPart):
    """What of a text or a picture is read, and how its answer is decided."""

    max_length: int | None
    """Tokens at the most; with special ones, where a head answers. None of pictures."""
    max_words: int | None
    """Words that are read before that; None for all."""
    ends: Ends = "head"
    """From the beginning, or from both ends."""
    pairs: bool
    """Whether an item is two texts."""
    threshold: float | None
    """The probability above which an item has a class, where it may have several."""
    pixels: tuple[int, int] | None = None
    """Height and width of what is seen of a picture."""


class Manifest(RecordPart):
    """Everything about a folder but its answers. No path of this machine."""

    schema_version: int = SCHEMA_VERSION
    format: ExportFormat
    created: str
    """UTC, ISO 8601."""
    suite: str
    profile: str
    run_id: str
    method: str
    backbone: str | None
    backbone_sha256: str | None
    seed: int
    kind: Kind
    labels: tuple[str, ...]
    task_sha256: str
    reads: Reads
    libraries: dict[str, str]
    """Versions of what wrote it."""
    files: dict[str, str]
    """sha256 by name, of all but this file."""


def reads_of(whole: Whole) -> Reads:
    """What a run's model reads of an item."""
    task, words, reader = whole.job.task, whole.job.budget.words, whole.loaded.processor
    seen = reader.size if isinstance(reader, PictureProcessor) else None
    return Reads(max_length=whole.max_length if seen is None else None, pixels=seen,
                 max_words=words.most if words else None,
                 ends=words.ends if words else "head", pairs="{pair}" in task.prompt.item,
                 threshold=THRESHOLD if KINDS[task.kind].several else None)


def manifest(to: ExportFormat, record: Record, profile: str, whole: Whole, folder: Path
             ) -> Manifest:
    """Of a folder that is written but for this."""
    identity, task = record.identity, whole.job.task
    return Manifest(
        format=to, created=now(),
        suite=identity.suite, profile=profile, run_id=identity.run_id, method=identity.label,
        backbone=identity.backbone, backbone_sha256=identity.backbone_sha256, seed=identity.seed,
        kind=task.kind, labels=task.labels, task_sha256=identity.task_sha256,
        reads=reads_of(whole), libraries=_libraries(),
        files={path.relative_to(folder).as_posix(): sha256_file(path)
               for path in sorted(folder.rglob("*")) if path.is_file()})


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
