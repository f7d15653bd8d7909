"""Models and data from the Hugging Face hub, or from what `HF_ENDPOINT` names."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.unwritable import writing
from harness.sources.cache import Fetched, cache_folder
from harness.suite import HubSource

SAFE_FILES = ("*.safetensors", "*.json", "*.txt", "*.model", "*.csv", "*.tsv", "*.jsonl",
              "*.parquet", "*.gguf")
OWN = ".cache"
"""Where the hub's client keeps its notes inside a folder that it fills."""


def fetch_hub(source: HubSource) -> Fetched:
    """A snapshot of a hub repository without pickles or code.

    The second call for a revision reads the cache alone, unless what lies there is damaged. Raises
    HarnessError when the repository, the revision or the network is missing, or it holds no safe
    file.
    """
    origin = f"{source.hub}@{source.revision}"
    folder = cache_folder() / "hub" / sha256_json(origin)[:24]
    return Fetched(folder, kept_folder(folder, partial(_download, source, origin)), origin)


def _download(source: HubSource, origin: str, folder: Path) -> None:
    from httpx2 import HTTPError
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        # With a cache of its own, for a client without a network takes what it finds in any other.
        with writing(folder):
            snapshot_download(
                source.hub, revision=source.revision, local_dir=folder, cache_dir=folder / OWN,
                allow_patterns=list(SAFE_FILES), endpoint=os.environ.get("HF_ENDPOINT"))
    except RevisionNotFoundError:
        raise HarnessError(f"{origin}: the hub has no such revision",
                           "Name a commit, tag or branch of it.") from None
    except RepositoryNotFoundError:
        raise HarnessError(f"{origin}: not on the hub, or private",
                           "Check the id; for a private one run `hf auth login`.") from None
    except (HTTPError, OSError, ValueError) as error:
        raise HarnessError(f"{origin}: cannot be fetched ({type(error).__name__})",
                           "Where there is a network, `harness plan SUITE` fetches all a suite "
                           f"names; then copy the folder {cache_folder()} here.") from None
    shutil.rmtree(folder / OWN, ignore_errors=True)
    if not any(path.is_file() for path in folder.rglob("*")):
        raise HarnessError(f"{origin}: holds none of {', '.join(SAFE_FILES)}",
                           "Convert its weights to safetensors.")
