"""Models and data from the Hugging Face hub, or from what `HF_ENDPOINT` names."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console

from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.unwritable import writing
from harness.sources.fetched import Fetched
from harness.suite import HubSource

SAFE_FILES = ("*.safetensors", "*.json", "*.txt", "*.model", "*.csv", "*.tsv", "*.jsonl",
              "*.parquet", "*.gguf", "*.jinja")
OWN = ".cache"
"""Where the hub's client keeps its notes inside a folder that it fills."""


def fetch_hub(source: HubSource) -> Fetched:
    """A snapshot of a hub repository without pickles or code, or the files of it that are named.

    The second call for a revision reads the cache alone, unless what lies there is damaged. Raises
    HarnessError when the repository, the revision or the network is missing, or it holds no safe
    file.
    """
    origin = f"{source.hub}@{source.revision}"
    named = [origin, source.repo_type, *(source.files or SAFE_FILES)]
    folder = cache_folder() / "hub" / sha256_json(named)[:24]
    return Fetched(folder, kept_folder(folder, partial(_download, source, origin)), origin)


def endpoint() -> str | None:
    """The hub that `HF_ENDPOINT` names, for the client reads it but once."""
    return os.environ.get("HF_ENDPOINT")


@contextmanager
def asking(origin: str, offline: str) -> Iterator[None]:
    """What goes wrong with the hub becomes a HarnessError that names `origin`; `offline` says what
    to do where there is none."""
    from httpx2 import HTTPError
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except RevisionNotFoundError:
        raise HarnessError(f"{origin}: the hub has no such revision",
                           "Name a commit, tag or branch of it.") from None
    except GatedRepoError:
        raise HarnessError(f"{origin}: gated: its owner lets in who asked",
                           "Ask for access on its page, then run `hf auth login`.") from None
    except RepositoryNotFoundError:
        raise HarnessError(f"{origin}: not on the hub, or private",
                           "Check the id; for a private one run `hf auth login`.") from None
    except (HTTPError, OSError, ValueError) as error:
        raise _unreachable(origin, error, offline) from None


def _unreachable(origin: str, error: Exception, offline: str) -> HarnessError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return HarnessError(f"{origin}: the hub refuses this login ({status})",
                            "Run `hf auth login` with a token that may read it.")
    return HarnessError(f"{origin}: cannot be fetched ({type(error).__name__})", offline)


def _download(source: HubSource, origin: str, folder: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
        Console(stderr=True).print(f"fetching {origin}", highlight=False)
    elsewhere = ("Where there is a network, `harness plan SUITE` fetches all a suite names; then "
                 f"copy the folder {cache_folder()} here.")
    # With a cache of its own, for a client without a network takes what it finds in any other.
    with asking(origin, elsewhere), writing(folder):
        snapshot_download(
            source.hub, repo_type=source.repo_type, revision=source.revision, local_dir=folder,
            cache_dir=folder / OWN, allow_patterns=list(source.files or SAFE_FILES),
            endpoint=endpoint())
    shutil.rmtree(folder / OWN, ignore_errors=True)
    if not any(path.is_file() for path in folder.rglob("*")):
        raise HarnessError(f"{origin}: holds none of {', '.join(source.files or SAFE_FILES)}",
                           "Name files that it has." if source.files else
                           "Convert its weights to safetensors.")
