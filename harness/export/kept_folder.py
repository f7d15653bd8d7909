"""An exported folder read again for what it says of itself: nothing in it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness.common.errors import HarnessError
from harness.common.files import sha256_file
from harness.export.answers import AnsweredAgain
from harness.export.manifest import Manifest

ANSWERS, TABLE, MANIFEST = "answers.json", "answers.parquet", "export.json"
AGAIN = "Export the run again."


@dataclass(frozen=True)
class ExportedFolder:
    """What it holds, and what it answered of the run's test items."""

    path: Path
    manifest: Manifest
    answers: AnsweredAgain
    table: pa.Table


def is_exported(path: Path) -> bool:
    """Whether a folder was exported."""
    return (path / MANIFEST).is_file()


def read_exported(path: Path) -> ExportedFolder:
    """A folder with its answers. Raises HarnessError where a file is not as it was written, and for
    one of before answers were kept item by item."""
    try:
        manifest = Manifest.model_validate_json((path / MANIFEST).read_text(encoding="utf-8"))
        for name, digest in manifest.files.items():
            if sha256_file(path / name) != digest:
                raise HarnessError(f"{path}: {name} is not as it was exported", AGAIN)
        if TABLE not in manifest.files:
            raise HarnessError(f"{path}: has no {TABLE}, what it answers item by item", AGAIN)
        answers = AnsweredAgain.model_validate_json((path / ANSWERS).read_text(encoding="utf-8"))
        return ExportedFolder(path, manifest, answers, pq.read_table(path / TABLE))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise HarnessError(f"{path}: is no exported folder of this version: "
                           f"{' '.join(str(error).split())[:120]}", AGAIN) from None
