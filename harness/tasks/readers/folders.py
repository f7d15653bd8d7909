"""A folder of text files: one folder a class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.common.errors import HarnessError
from harness.tasks.examples import Row
from harness.tasks.readers import ReaderOptions, reader


class FolderOptions(ReaderOptions):
    """Which files are texts."""

    pattern: str = "*.txt"


@reader("folders", FolderOptions)
def read_folders(folder: Path, options: FolderOptions) -> Iterator[Row]:
    """A row a file; the class is the name of the folder it lies in, at any depth below it.

    Raises HarnessError for no folder, no file, and a file that is not UTF-8 text.
    """
    if not folder.is_dir():
        raise HarnessError(f"{folder.name}: is not a folder",
                           "Name a folder with one folder of texts a class.")
    paths = [path for place in sorted(folder.iterdir()) if place.is_dir()
             for path in sorted(place.rglob(options.pattern))]
    if not paths:
        raise HarnessError(f"{folder.name}: no {options.pattern} in the folders below it",
                           "Put each class's texts into a folder with the class's name.")
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise HarnessError(f"{path.relative_to(folder)}: not UTF-8 text",
                               "Save the file as UTF-8.") from None
        yield Row(text, path.relative_to(folder).parts[0])
