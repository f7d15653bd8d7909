"""A folder of pictures: one folder a class."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.names import listed
from harness.common.text import plain
from harness.inputs.picture_files import ENDINGS, OTHERS, called, read_picture
from harness.inputs.picture_row import PictureRow
from harness.tasks.readers import ReaderOptions, picture_reader

CLASSES = "Put each class's pictures into a folder with the class's name."


class PictureFolderOptions(ReaderOptions):
    """What a picture's path says beside its class."""

    group: str | None = None
    """A regular expression with one group in brackets, which finds in each path (`/` between
    folders) what pictures have in common that belong together: `patient-([0-9]+)`."""


@picture_reader("pictures", PictureFolderOptions)
def read_picture_folders(folder: Path, options: PictureFolderOptions) -> Iterator[PictureRow]:
    """A row a picture; the class is the name of the folder it lies in, at any depth below it. Files
    of other kinds are passed over, hidden files and folders (`.name`) too; links to folders are not
    followed.

    Raises HarnessError for no folder and no picture, a picture in no class's folder, one of a kind
    that is not read, a link that leaves the folder, and a path without a group.
    """
    if not folder.is_dir():
        raise HarnessError(f"{folder.name}: is not a folder",
                           "Name a folder with one folder of pictures a class.")
    group = _pattern(options.group)
    for path in pictures_at(folder):
        name = called(path, folder)
        yield PictureRow(read_picture(path, name), name, name.partition("/")[0],
                         group=None if group is None else _group(group, name))


def pictures_at(folder: Path) -> list[Path]:
    """The pictures in the folders of the classes, in the order of their paths.

    Raises HarnessError where there are none, naming the endings that there are.
    """
    found, others = list[Path](), set[str]()
    for path in sorted(visible(folder)):
        ending = path.suffix.lower()
        if ending not in ENDINGS | OTHERS:
            others.add(plain(path.suffix or path.name))
            continue
        name = called(path, folder)
        if path.parent == folder:
            raise HarnessError(f"{name}: lies in no class's folder", CLASSES)
        if ending in OTHERS:
            raise HarnessError(f"{name}: pictures of this kind are not read",
                               "Convert it to JPEG or PNG.")
        found.append(path)
    if not found:
        raise HarnessError(f"{folder.name}: no pictures in the folders below it"
                           + (f" (they hold {listed(sorted(others))})" if others else ""), CLASSES)
    return found


def visible(folder: Path) -> Iterator[Path]:
    """Files that are not hidden. Raises HarnessError for a link that leaves the folder, or leads to
    itself."""
    home = folder.resolve()
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in (*folders, *names):
            path = Path(place, name)
            if name.startswith("."):
                continue
            if path.is_symlink():
                _check_link(path, home, called(path, folder))
            if name in names:
                yield path


def _check_link(path: Path, home: Path, name: str) -> None:
    try:
        inside = path.resolve().is_relative_to(home)
    except (OSError, RuntimeError):
        raise HarnessError(f"{name}: is a link that leads to itself", "Remove it.") from None
    if not inside:
        raise HarnessError(f"{name}: is a link that leaves the folder", "Copy the file itself.")


@dataclass(frozen=True)
class PassedOver:
    """What of a folder of pictures is no item."""

    files: tuple[str, ...]
    """Files that are no picture by how they end."""
    folders: tuple[str, ...]
    """Folders, as classes have, with no picture in them."""


def passed_over(folder: Path) -> PassedOver:
    """What `pictures_at` passes over; hidden files are not told."""
    files = sorted(visible(folder))
    pictures = [path for path in files if path.suffix.lower() in ENDINGS | OTHERS]
    filled = {path.relative_to(folder).parts[0] for path in pictures}
    return PassedOver(
        tuple(called(path, folder) for path in files if path not in {*pictures}),
        tuple(called(path, folder) for path in sorted(folder.iterdir())
              if path.is_dir() and not path.name.startswith(".") and path.name not in filled))


def _pattern(group: str | None) -> re.Pattern[str] | None:
    try:
        found = None if group is None else re.compile(group)
    except re.error as error:
        raise HarnessError(f"group: '{group}' is no regular expression: {error}",
                           "Mend it: `patient-([0-9]+)` is one.") from None
    if found is not None and found.groups != 1:
        raise HarnessError(f"group: '{group}' has {found.groups} groups in brackets",
                           "Put brackets round the part that is the group.")
    return found


def _group(pattern: re.Pattern[str], name: str) -> str:
    found = pattern.search(name)
    if found is None or found[1] is None:
        raise HarnessError(f"{name}: its path has no '{pattern.pattern}'",
                           "Mend the reader's `group`, or leave the picture out.")
    return found[1]
