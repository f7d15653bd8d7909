"""A suite's published studies: as git has them, or as files in a folder."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.common.errors import HarnessError
from harness.compare.over_time import Told
from harness.report.files import STUDY
from harness.report.published import Published, published_in, read_published

MOST = 200
"""Studies that are read, the newest."""
MAX_BYTES = 200_000_000
"""A larger file is no study."""
SECONDS = 60
"""That git has for one answer."""
FOLDER = "Name a folder of studies with --studies."


@dataclass(frozen=True)
class Versions:
    """Studies, oldest first, and what could not be read."""

    found: tuple[Told, ...]
    unread: tuple[tuple[str, str], ...]
    """Where it lies, and why it was not read."""
    left_out: bool
    """Whether there are more than are read."""


def in_git(path: Path) -> Versions:
    """Every version of a study's file that the commits before HEAD have, and the file as it is.

    Raises HarnessError where git is not there, or the file lies in no repository.
    """
    lines = _git(path.parent, "log", f"--max-count={MOST + 1}", "--format=%H", "--", path.name)
    commits = lines.decode("ascii").split()
    found: list[Told] = []
    unread: list[tuple[str, str]] = []
    for commit in reversed(commits[:MOST]):
        name = f"{commit}:./{path.name}"
        if not _there(path.parent, name):
            continue  # it was taken away
        try:
            found.append(told(published_in(_text(path.parent, name), path), commit))
        except HarnessError as error:
            unread.append((f"commit {commit[:12]}", error.found.removeprefix(f"{path}: ")))
    if path.is_file():
        _add_working(found, path, unread)
    return Versions(_once(found), tuple(unread), len(commits) > MOST)


def in_folder(folder: Path, suite: str) -> Versions:
    """The studies of a suite among all JSON files below a folder, by when they were made.

    Raises HarnessError where there is no such folder.
    """
    if not folder.is_dir():
        raise HarnessError(f"{folder}: is no folder", FOLDER)
    found: list[Told] = []
    unread: list[tuple[str, str]] = []
    paths = sorted(folder.rglob("*.json"))
    for path in paths[:MOST]:
        try:
            if path.stat().st_size > MAX_BYTES:
                raise HarnessError(f"{path}: larger than {MAX_BYTES:,} bytes")
            published = read_published(path)
        except HarnessError as error:
            unread.append((path.relative_to(folder).as_posix(),
                           error.found.removeprefix(f"{path}: ")))
            continue
        if published.study.suite == suite:
            found.append(told(published, None))
    found.sort(key=lambda one: one.study.created)
    return Versions(_once(found), tuple(unread), len(paths) > MOST)


def told(published: Published, commit: str | None) -> Told:
    """A study as `over_time` takes it."""
    return Told(published.study, published.summary, published.verdict, commit)


def _add_working(found: list[Told], path: Path, unread: list[tuple[str, str]]) -> None:
    try:
        found.append(told(read_published(path), None))
    except HarnessError as error:
        unread.append((STUDY, error.found.removeprefix(f"{path}: ")))


def _once(found: Sequence[Told]) -> tuple[Told, ...]:
    """Without those that say the same as the one before."""
    kept: list[Told] = []
    for one in found:
        if not kept or (one.study, one.summary, one.verdict) != (
                kept[-1].study, kept[-1].summary, kept[-1].verdict):
            kept.append(one)
    return tuple(kept)


def _there(folder: Path, name: str) -> bool:
    try:
        return int(_git(folder, "cat-file", "-s", name)) <= MAX_BYTES
    except HarnessError:
        return False


def _text(folder: Path, name: str) -> str:
    """A blob as it is: plumbing runs no filter that a repository names."""
    return _git(folder, "cat-file", "blob", name).decode("utf-8", "replace")


def _git(folder: Path, *words: str) -> bytes:
    try:
        ended = subprocess.run(
            ["git", "-C", str(folder), "--no-pager", "-c", "log.showSignature=false", *words],  # noqa: S607
            capture_output=True, check=False, timeout=SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        raise HarnessError(f"{folder}: git cannot be asked: {type(error).__name__}",
                           FOLDER) from None
    if ended.returncode:
        said = " ".join(ended.stderr.decode("utf-8", "replace").split())[:200]
        raise HarnessError(f"{folder}: git says: {said}", FOLDER)
    return ended.stdout
