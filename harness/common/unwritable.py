"""Trouble with writing, told from all other trouble."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.common.errors import CannotWriteError, HarnessError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EEXIST,
             errno.ENAMETOOLONG, errno.ELOOP)
NUMBER = re.compile(r"\(os error (\d+)\)")
"""How libraries written in Rust, safetensors among them, report the system's error."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise CannotWriteError for a full disk, a forbidden place and a folder that vanished."""
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        number = _number(error) if _is_about(error, path) else None
        if number in FULL:
            fix = "Free some space and run the same command again: what is finished is kept."
        elif number in FORBIDDEN:
            fix = "Name a place that you may write."
        elif number == errno.ENOENT and not path.parent.is_dir():
            fix = "The folder was removed meanwhile: run the same command again."
        else:
            raise
        raise CannotWriteError(f"cannot write {path}: {os.strerror(number or 0)}", fix) from None


def raise_if_full(error: Exception) -> None:
    """Raise CannotWriteError where the cause is a full disk, wherever it is."""
    if _number(error) in FULL:
        raise CannotWriteError(f"the disk is full: {error}",
                               "Free some space and run the same command again: what is finished "
                               "is kept.") from None


def _is_about(error: Exception, path: Path) -> bool:
    """Whether it may be about `path`, and not about a file that was read meanwhile."""
    named = error.filename if isinstance(error, OSError) else None
    if not isinstance(named, str):
        return True
    other = Path(named)
    return other.is_relative_to(path.parent) or path.is_relative_to(other)


def _number(error: Exception) -> int | None:
    """The system's error number; None where the system was not the cause."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    said = NUMBER.search(str(error))
    if said:
        return int(said[1])
    return next((number for number in FULL if os.strerror(number) in str(error)), None)
