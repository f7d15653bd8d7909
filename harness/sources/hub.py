"""Models and data from the Hugging Face hub, or from what `HF_ENDPOINT` names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from harness.common.errors import HarnessError
from harness.common.files import sha256_json, sha256_tree, write_atomic
from harness.sources.cache import Fetched, cache_folder
from harness.suite import HubSource

SAFE_FILES = ("*.safetensors", "*.json", "*.txt", "*.model", "*.csv", "*.tsv", "*.jsonl",
              "*.parquet", "*.gguf")


def fetch_hub(source: HubSource) -> Fetched:
    """A snapshot of a hub repository without pickles or code.

    The second call for a revision reads the cache alone. Raises HarnessError when the
    repository, the revision or the network is missing, or it holds no safe file.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    origin = f"{source.hub}@{source.revision}"
    cache = cache_folder() / "hub"
    mark = cache / f"{sha256_json(origin)[:24]}.json"
    if mark.exists():
        kept = json.loads(mark.read_text())
        if (cache / kept["folder"]).exists():
            return Fetched(cache / kept["folder"], kept["sha256"], origin)
    try:
        folder = Path(snapshot_download(
            source.hub, revision=source.revision, cache_dir=cache,
            allow_patterns=list(SAFE_FILES), endpoint=os.environ.get("HF_ENDPOINT"),
        ))
    except RevisionNotFoundError:
        raise HarnessError(f"{origin}: the hub has no such revision",
                           "Name a commit, tag or branch of it.") from None
    except RepositoryNotFoundError:
        raise HarnessError(f"{origin}: not on the hub, or private",
                           "Check the id; for a private one run `hf auth login`.") from None
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise HarnessError(f"{origin}: cannot be fetched ({type(error).__name__})",
                           "Connect this machine, or name a local folder with `file:`.") from None
    if not any(path.is_file() for path in folder.rglob("*")):
        raise HarnessError(f"{origin}: holds none of {', '.join(SAFE_FILES)}",
                           "Convert its weights to safetensors.")
    digest = sha256_tree(folder)
    write_atomic(mark, json.dumps({"folder": str(folder.relative_to(cache)), "sha256": digest}))
    return Fetched(folder, digest, origin)
