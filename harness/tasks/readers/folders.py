"""A folder of text files: one folder a class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath

from harness.common.errors import HarnessError
from harness.tasks.examples import Row
from harness.tasks.readers import ReaderOptions, reader


class FolderOptions(ReaderOptions):
    """Which files are texts."""

    pattern: str = "*.txt"


@reader("folders", FolderOptions)
def read_folders(folder: Path, options: FolderOptions) -> Iterator[Row]:
    """A row a file; the class is the name of the folder it lies in, at any depth below it.

    Raises HarnessError for no folder, no pattern, no file, and a file that is not UTF-8 text.
    """
    if not folder.is_dir():
        raise HarnessError(f"{folder.name}: is not a folder",
                           "Name a folder with one folder of texts a class.")
    paths = _texts(folder, options.pattern)
    if not paths:
        raise HarnessError(f"{folder.name}: no {options.pattern} in the folders below it",
                           "Put each class's texts into a folder with the class's name.")
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise HarnessError(f"{path.relative_to(folder)}: not UTF-8 text",
                               "Save the file as UTF-8.") from None
        except OSError as error:
            raise HarnessError(f"{path.relative_to(folder)}: {error.strerror}",
                               "Make the file readable, or leave it out.") from None
        yield Row(text, path.relative_to(folder).parts[0])


def _texts(folder: Path, pattern: str) -> list[Path]:
    """The files that the pattern finds in the folders of the classes, in order."""
    if ".." in PurePath(pattern).parts:
        raise HarnessError(f"pattern '{pattern}' leads out of the folder",
                           "Name files below it, as *.txt does.")
    try:
        return [path for place in sorted(folder.iterdir()) if place.is_dir()
                for path in sorted(place.rglob(pattern)) if path.is_file()]
    except (ValueError, NotImplementedError, OSError) as error:
        raise HarnessError(f"{folder.name}: cannot look for '{pattern}': {error}",
                           "Name files below the folder, as *.txt does.") from None
