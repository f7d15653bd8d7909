"""What of folders of pictures is no item: files of other kinds, and folders that look like classes
and hold nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.check.finding import SHOWN, Finding
from harness.suite import FileSource, LoadedSuite
from harness.tasks.describe import READER_OF
from harness.tasks.readers.picture_folders import PictureFolderOptions, passed_over
from harness.tasks.task import sources_by_split


def check_passed_over(loaded: LoadedSuite) -> Iterator[Finding]:
    """Of a suite's own folders with one folder of pictures a class; nothing of other data."""
    task = loaded.suite.task
    if task.reader.name != READER_OF[PictureFolderOptions]:
        return
    for _, source in sources_by_split(task.source):
        if isinstance(source, FileSource):
            yield from _in_folder((loaded.folder / Path(source.file).expanduser()).resolve())


def _in_folder(folder: Path) -> Iterator[Finding]:
    found = passed_over(folder)
    if found.folders:
        yield Finding(severity="warning", check="folders", count=len(found.folders),
                      found=f"{len(found.folders)} folders beside the classes hold no picture",
                      examples=found.folders[:SHOWN],
                      suggestion="Give these classes pictures, or remove the folders.")
    if found.files:
        yield Finding(severity="note", check="files", count=len(found.files),
                      found=f"{len(found.files)} files are no pictures by how their names end and "
                            "are passed over", examples=found.files[:SHOWN],
                      suggestion="Rename those that are pictures: .jpg, .png.")
