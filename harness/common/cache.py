"""The cache folder."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_dir

from harness.common.errors import HarnessError


def cache_folder() -> Path:
    """`HARNESS_CACHE`, or the platform's cache folder for this program.

    Raises HarnessError when it cannot be made or written.
    """
    named = os.environ.get("HARNESS_CACHE") or user_cache_dir("adaptation-harness")
    folder = Path(named).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(f"cannot make the cache folder {folder}: {error.strerror}",
                           "Set HARNESS_CACHE to a folder you may write.") from None
    if not os.access(folder, os.W_OK):
        raise HarnessError(f"cannot write the cache folder {folder}",
                           "Set HARNESS_CACHE to a folder you may write.")
    return folder
