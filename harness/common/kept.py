"""Folders made once and kept: each with its content's hash beside it, made again when damaged."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from harness.common.files import atomic_folder, sha256_tree, write_atomic
from harness.common.locks import locked

logger = logging.getLogger(__name__)


def kept_folder(folder: Path, make: Callable[[Path], None]) -> str:
    """The hash of what lies in `folder`, which `make` fills unless it is there as it was made.

    One process at a time makes it. A folder whose content does not have its hash is named in the
    log and made again.
    """
    with locked(folder.parent / f"{folder.name}.lock"):
        known = kept_hash(folder)
        if known is not None:
            if sha256_tree(folder) == known:
                return known
            logger.warning("%s is damaged: made again", folder)
            shutil.rmtree(folder)
        with atomic_folder(folder) as temporary:
            make(temporary)
            digest = sha256_tree(temporary)
        write_atomic(_mark(folder), digest + "\n")
        return digest


def kept_hash(folder: Path) -> str | None:
    """The hash that a kept folder had when it was made; None where none was finished."""
    try:
        return _mark(folder).read_text(encoding="utf-8").strip() if folder.is_dir() else None
    except (OSError, UnicodeDecodeError):
        return None


def _mark(folder: Path) -> Path:
    return folder.parent / f"{folder.name}.sha256"
