"""A folder of text files: one folder a class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath

from harness.common.errors import HarnessError
from harness.common.names import listed
from harness.tasks.examples import Row
from harness.tasks.readers import ReaderOptions, reader


class FolderOptions(ReaderOptions):
    """Which files are texts."""

    pattern: str = "*.txt"
    encoding: str = "utf-8-sig"


@reader("folders", FolderOptions)
def read_folders(folder: Path, options: FolderOptions) -> Iterator[Row]:
    """A row a file; the class is the name of the folder it lies in, at any depth below it.

    Raises HarnessError for no folder, no pattern, no file, and a file that is not such text.
    """
    if not folder.is_dir():
        raise HarnessError(f"{folder.name}: is not a folder",
                           "Name a folder with one folder of texts a class.")
    for path in texts_at(folder, options.pattern):
        try:
            text = path.read_text(encoding=options.encoding)
        except (UnicodeError, LookupError):
            raise HarnessError(f"{path.relative_to(folder)}: not {options.encoding} text",
                               "Save all files in one encoding, and say it.") from None
        except OSError as error:
            raise HarnessError(f"{path.relative_to(folder)}: {error.strerror}",
                               "Make the file readable, or leave it out.") from None
        yield Row(text, path.relative_to(folder).parts[0])


def texts_at(folder: Path, pattern: str) -> list[Path]:
    """The files that the pattern finds in the folders of the classes, in order.

    Raises HarnessError where there are none, naming the endings that there are.
    """
    found = _matching(folder, pattern)
    if not found:
        others = sorted({path.suffix or path.name for path in _matching(folder, "*")})
        raise HarnessError(f"{folder.name}: no {pattern} in the folders below it"
                           + (f" (they hold {listed(others)})" if others else ""),
                           "Put each class's texts into a folder with the class's name, as .txt "
                           "files.")
    return found


def _matching(folder: Path, pattern: str) -> list[Path]:
    if ".." in PurePath(pattern).parts:
        raise HarnessError(f"pattern '{pattern}' leads out of the folder",
                           "Name files below it, as *.txt does.")
    try:
        return [path for place in sorted(folder.iterdir()) if place.is_dir()
                for path in sorted(place.rglob(pattern)) if path.is_file()]
    except (ValueError, NotImplementedError, OSError) as error:
        raise HarnessError(f"{folder.name}: cannot look for '{pattern}': {error}",
                           "Name files below the folder, as *.txt does.") from None
